internal import ArgumentParser
internal import LoadTest

extension Peer: ExpressibleByArgument {}

/// `belfry-bench compare`: the same load on several servers.
struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Starts servers in turn, runs the same load on each, and prints a table of medians.",
    discussion: """
      Always measures Belfry and the floor, a bare loop with one send per delivery. Lists servers that \
      are not installed as not measured. Servers run on the first core, the load on the others. \
      Without --rate, fanout runs as with --in-turn: the next message waits until every listener has \
      the last one, so messages are neither combined nor queued.
      """)

  @OptionGroup(title: "Load") var load: LoadOptions

  @Option(help: "Other servers to measure, separated by commas: nchan, pushpin, flask.")
  var against = "nchan,pushpin,flask"

  @Option(help: "How often to measure each server, at least \(ComparisonRun.minimumRounds) times.")
  var rounds = ComparisonRun.minimumRounds

  @Option(help: "Path of Belfry's program. (default: the one beside belfry-bench)")
  var belfry: String?

  @Option(help: "Write the figures of every round to this file, as JSON.")
  var json: String?

  @Option(help: "Write a page that compares the runs of the last round to this file.")
  var html: String?

  func validate() throws {
    guard (ComparisonRun.minimumRounds...1000).contains(rounds) else {
      throw ValidationError("--rounds must be \(ComparisonRun.minimumRounds) to 1000")
    }
    _ = try peers()
  }

  private func peers() throws -> [Peer] {
    var peers: [Peer] = [.belfry, .floor]
    for name in against.split(separator: ",") {
      guard let peer = Peer(rawValue: String(name)), peer.isRival else {
        throw ValidationError("--against accepts nchan, pushpin and flask, not \(name)")
      }
      if !peers.contains(peer) { peers.append(peer) }
    }
    return peers
  }

  func run() throws {
    let comparison: Comparison
    do {
      // Only a placeholder: each server is the target in turn.
      var plan = try load.plan(Target(.belfry, Target.Changes()))
      if plan.scenario == .fanout, load.rate == nil {
        plan.inTurn = plan.workers == 1
        if plan.inTurn { plan.rate = 0 }
      }
      let run = ComparisonRun(
        plan, peers: try peers(), place: PeerPlace(belfry: belfry), rounds: rounds,
        command: CommandLine.arguments.joined(separator: " ")
      ) { Program.print($0 + "\n", toError: true) }
      comparison = try run.run { soFar in
        if let json { try ReportFile.write(ReportFile.data(soFar), to: json) }
      }
      if let json { try ReportFile.write(ReportFile.data(comparison), to: json) }
      if let html {
        let lastRound = comparison.rounds.last?.round
        let last = comparison.rounds.filter { $0.round == lastRound && $0.report != nil }
        let page = ReportPage(last.compactMap(\.report), names: last.map(\.peer.rawValue))
        try ReportFile.write(page.html, to: html)
      }
    } catch {
      throw Failure.exit(error)
    }
    Program.print(comparison.markdown)
    if !comparison.isClean { throw ExitCode(1) }
  }
}

/// `belfry-bench measure`: one load of a comparison.
struct Measure: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "measure", abstract: "Runs one load of a comparison.", shouldDisplay: false)

  func run() throws { try ComparisonRun.measure() }
}
