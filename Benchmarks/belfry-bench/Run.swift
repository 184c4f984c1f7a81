internal import ArgumentParser
internal import LoadTest

/// `belfry-bench run`: one load on one server.
struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs a load on a running server, and prints a report.")

  @OptionGroup(title: "Target") var target: TargetOptions
  @OptionGroup(title: "Load") var load: LoadOptions

  @Flag(
    help: """
      Each listener follows a room of its own, own-0, own-1 …, and one that all share: --room, by \
      default shared. Messages go to the shared room; then one to each own room shows that its \
      listener gets it and nobody else. Only for --target belfry; the server's --max-rooms must be \
      --listeners + 1 or more.
      """)
  var ownRoom = false

  @Option(
    help: "Process id of the server, to report its CPU time and memory. Repeatable.")
  var pid: [Int] = []

  @Option(help: "Write all measurements to this file, as JSON.")
  var json: String?

  @Option(help: "Write a page with charts and tables to this file.")
  var html: String?

  func validate() throws {
    if ownRoom, load.rooms > 1 {
      throw ValidationError("--own-room and --rooms cannot be combined")
    }
  }

  func run() throws {
    let report: Report
    do {
      var options = LoadRun.Options()
      options.pids = pid
      options.executable = Program.path
      options.command = CommandLine.arguments.joined(separator: " ")
      options.stopsOnSignals = true
      var plan = try load.plan(target.resolved())
      if ownRoom {
        plan.roomName = load.room ?? "shared"
        try plan.giveOwnRooms()
      }
      var line = LiveLine(isTerminal: Program.hasTerminal)
      let run = try LoadRun(plan, options) { look in
        if let text = line.text(look) { Program.print(text, toError: true) }
      }
      defer { Program.print(line.end, toError: true) }
      report = try run.run()
    } catch {
      throw Failure.exit(error)
    }
    do throws(BadInput) {
      if let json { try ReportFile.write(ReportFile.data(report), to: json) }
      if let html {
        try ReportFile.write(ReportPage([report], names: [report.target]).html, to: html)
      }
    } catch {
      Program.print(report.text)
      throw Failure.exit(error)
    }
    Program.print(report.text)
    if !report.isClean { throw ExitCode(1) }
  }
}

/// How the program ends when something can't be done.
enum Failure {
  /// Says what is wrong; the status is 2.
  static func exit(_ error: any Error) -> ExitCode {
    Program.print("belfry-bench: \(error)\n", toError: true)
    return ExitCode(2)
  }
}
