internal import ArgumentParser
internal import BelfryVersion
internal import LoadTest

/// The program.
@main
struct BelfryBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "belfry-bench",
    abstract: "Loads a server of Server-Sent Events, and proves every delivery it counts.",
    discussion: """
      Exits with 0 when every listener got every message once, whole and in order; with 1 when \
      not, or when the run ended early; with 2 when the load could not begin; with 64 when the \
      command line can't be understood. Durations are written 500ms, 15s, 2m or 1h.
      """,
    version: Version.text,
    subcommands: [
      Run.self, Compare.self, ReportCommand.self, MachineCommand.self, WorkerCommand.self,
      Measure.self,
    ],
    defaultSubcommand: Run.self)
}

/// `belfry-bench worker`: a load process that another one started.
struct WorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker", abstract: "Runs one load process, told what to do by another.",
    shouldDisplay: false)

  func run() throws { try WorkerProcess.run() }
}
