internal import ArgumentParser
internal import MicroCases

/// Does one case so often as it is told: what callgrind watches.
@main
struct MicroCount: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "micro-count",
    abstract: "Runs one microbenchmark case, so that its instructions can be counted.",
    discussion: """
      Without arguments it prints the cases: name, unit, units per repetition, and repetitions that \
      are enough, with tabs between. See Benchmarks/Micro/compare.
      """)

  @Argument(help: "Name of the case.")
  var name: String?

  @Argument(help: "Number of repetitions.")
  var repetitions = 0

  @Flag(help: "Print the resident bytes of one thing of each memory case, or of the one named.")
  var memory = false

  func validate() throws {
    guard repetitions >= 0 else { throw ValidationError("repetitions can't be negative") }
    guard name == nil || found != nil || memory else {
      throw ValidationError("there is no such case")
    }
  }

  private var found: Case? { Case.all.first { $0.name == name } }

  func run() throws {
    if memory { return printMemory() }
    guard let found else {
      for each in Case.all {
        print(
          each.name, each.unit, each.unitsPerRepetition, each.repetitions, separator: "\t")
      }
      return
    }
    try found.makeReady()(repetitions)
  }

  private func printMemory() {
    for each in MemoryCase.all where name == nil || each.name == name {
      print(each.name, each.unit, each.bytes, separator: "\t")
    }
  }
}
