internal import ArgumentParser
internal import LoadTest

/// `belfry-bench machine`: where figures come from, in one line.
struct MachineCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "machine", abstract: "Says what machine this is, and what it lets a load have.")

  func run() throws {
    let machine = Machine.current(Limits.current)
    Program.print("\(machine.summary); \(machine.limits)\n")
  }
}
