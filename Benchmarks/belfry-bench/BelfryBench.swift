internal import ArgumentParser
internal import BelfryVersion
internal import LoadTest

/// The program.
@main
struct BelfryBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "belfry-bench",
    abstract: "Load test for Server-Sent Events servers that verifies every delivery.",
    discussion: """
      Exits with status 0 when every listener got every message once, whole and in order; with 1 \
      when not, or when the run ended early; with 2 when the load could not begin; with 64 when the \
      command line is invalid. Write durations as 500ms, 15s, 2m or 1h.
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
    commandName: "worker", abstract: "Runs one load process for another belfry-bench.",
    shouldDisplay: false)

  func run() throws { try WorkerProcess.run() }
}
