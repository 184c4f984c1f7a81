internal import ArgumentParser
internal import LoadTest

/// `belfry-bench machine`: where figures come from, in one line.
struct MachineCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "machine", abstract: "Prints this machine's hardware and limits in one line.")

  func run() throws {
    let machine = Machine.current(Limits.current)
    Program.print("\(machine.summary); \(machine.limits)\n")
  }
}
