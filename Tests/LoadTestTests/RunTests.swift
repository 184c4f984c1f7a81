import Foundation
import LoadTest
import Reactor
import Testing

/// Whole runs against a server that does one thing wrong: each is reported as what it is.
@Suite struct RunTests {
  /// 20 listeners and 100 messages at 200 a second, unless changed: 2,000 deliveries.
  private func load(
    _ server: FaultyServer, _ change: (inout Plan) -> Void = { _ in },
    options changeOptions: (inout LoadRun.Options) -> Void = { _ in }
  ) throws -> Report {
    var changes = Target.Changes()
    changes.url = "http://127.0.0.1:\(server.port)"
    changes.streamPath = "/stream"
    var plan = Plan(target: try Target(.belfry, changes))
    plan.listeners = 20
    plan.messages = 100
    plan.rate = 200
    plan.patience = 1
    change(&plan)
    var options = LoadRun.Options()
    options.pause = 0.05
    changeOptions(&options)
    return try LoadRun(plan, options).run()
  }

  private func problem(_ fault: FaultyServer.Fault, _ change: (inout Plan) -> Void = { _ in })
    -> String
  {
    do {
      let server = try FaultyServer(fault)
      let report = try load(server, change)
      return "no problem: \(report.verdict)"
    } catch {
      return "\(error)"
    }
  }

  // MARK: Well-behaved

  @Test(arguments: [true, false])
  func `a server that does all well is found to`(isChunked: Bool) throws {
    let server = try FaultyServer(isChunked: isChunked)
    let report = try load(server)
    #expect(report.isClean, "\(report.text)")
    #expect(report.delivered == 2000 && report.published == 100 && report.opened == 20)
    #expect(report.latencyMs.max > 0 && report.latencyMs.p50 <= report.latencyMs.max)
    #expect(report.lastListenerMs.max == report.latencyMs.max)
    #expect(report.series.reduce(0) { $0 + $1.deliveriesPerSecond } == 2000)
    #expect(report.load.cpuSeconds > 0)
  }

  @Test func `several publishers and several sizes keep one order`() throws {
    let server = try FaultyServer(isChunked: true)
    let report = try load(server) { plan in
      plan.publishers = 8
      plan.rate = 0
      plan.messages = 400
      plan.sizes = 60...2000
    }
    #expect(report.isClean && report.delivered == 8000, "\(report.text)")
  }

  @Test func `in turn, no message overtakes the one before`() throws {
    let server = try FaultyServer()
    let report = try load(server) { plan in
      plan.inTurn = true
      plan.rate = 0
    }
    #expect(report.isClean && report.delivered == 2000, "\(report.text)")
  }

  @Test func `processes that do nothing are doubted to be the server's`() throws {
    let idler = Process()
    idler.executableURL = URL(fileURLWithPath: "/bin/sleep")
    idler.arguments = ["60"]
    try idler.run()
    defer { kill(idler.processIdentifier, SIGKILL) }
    let server = try FaultyServer()
    let report = try load(server) { _ in
    } options: {
      $0.pids = [Int(idler.processIdentifier)]
    }
    #expect(report.warnings.contains { $0.contains("--pid") }, "\(report.text)")
  }

  // MARK: Each fault

  @Test func `what is dropped is missing`() throws {
    let report = try load(FaultyServer(.dropsEvery(1000)))
    #expect(report.missing == 2 && report.delivered == 1998, "\(report.text)")
    #expect(report.duplicated == 0 && report.reordered == 0 && report.corrupted == 0)
    #expect(report.offenders.contains { $0.contains("misses") })
    #expect(!report.isClean)
  }

  @Test func `what comes twice is duplicated`() throws {
    let report = try load(FaultyServer(.doublesEvery(1000)))
    #expect(report.duplicated == 2 && report.delivered == 2000, "\(report.text)")
    #expect(report.missing == 0 && report.reordered == 0 && report.corrupted == 0)
    #expect(report.offenders.contains { $0.contains("again") })
    #expect(!report.isClean)
  }

  @Test func `what comes late is reordered`() throws {
    let report = try load(FaultyServer(.swapsEvery(501)))
    #expect(report.reordered == 3 && report.delivered == 2000, "\(report.text)")
    #expect(report.missing == 0 && report.duplicated == 0 && report.corrupted == 0)
    #expect(!report.isClean)
  }

  @Test func `a byte that was altered is corruption`() throws {
    // Every tenth, so that each byte of the message is met.
    let report = try load(FaultyServer(.corruptsEvery(10)))
    #expect(report.corrupted == 200 && report.delivered == 1800, "\(report.text)")
    #expect(report.missing == 0 && report.duplicated == 0 && report.reordered == 0)
    #expect(report.offenders.contains { $0.contains("damaged") })
    #expect(!report.isClean)
  }

  @Test func `a stall shows in the latency of all that was due meanwhile`() throws {
    let report = try load(FaultyServer(.stalls(at: 50, milliseconds: 500))) { plan in
      plan.rate = 100
      plan.messages = 200
    }
    #expect(report.isClean, "\(report.text)")
    #expect(report.latencyMs.max >= 500)
    // 50 of the 200 were due while it stalled, and waited half of it on average: the best three
    // quarters know nothing of it, the rest do.
    #expect(report.latencyMs.p90 > 200, "\(report.text)")
    #expect(report.latencyMs.p50 < 200)
    #expect(report.lastListenerMs.max >= 500)
  }

  @Test func `a stream that never answers is named before the load begins`() {
    let text = problem(.neverAnswersStreams) { $0.patience = 0.5 }
    #expect(text.contains("did not answer GET /stream"))
  }

  @Test func `a post that is never answered is named before the load begins`() {
    let text = problem(.neverAnswersPosts) { $0.patience = 0.5 }
    #expect(text.contains("POST /post was not answered"))
  }

  @Test func `a refusal is named before the load begins`() {
    #expect(problem(.refusesStreams(.notFound)).contains("GET /stream was answered 404"))
    #expect(problem(.refusesPosts(.forbidden)).contains("POST /post was answered 403"))
    #expect(problem(.answersWithPages).contains("text/html"))
    #expect(problem(.deliversNothing) { $0.patience = 0.5 }.contains("was not sent it"))
  }

  @Test func `a server that dies in the run ends it with what was measured`() throws {
    let report = try load(FaultyServer(.dies(at: 50)))
    #expect(report.failure != nil && !report.isClean, "\(report.text)")
    #expect(report.delivered >= 900 && report.delivered < 2000)
    #expect(report.lost == 20)
  }

  @Test func `a stream that ends is lost, and what it would have been sent is missing`() throws {
    let report = try load(FaultyServer(.endsAStream(at: 51)))
    #expect(report.lost == 1 && report.missing == 50, "\(report.text)")
    #expect(report.delivered == 1950 && report.duplicated == 0)
  }

  // MARK: Coming back

  @Test func `in a storm all come back, and nothing is missing`() throws {
    let report = try load(FaultyServer()) { $0.scenario = .connectStorm }
    #expect(report.isClean && report.delivered == 2000, "\(report.text)")
    #expect(report.reconnects == 20 && report.stormSeconds != nil)
  }

  @Test func `in a storm, a server without a history is found out`() throws {
    let report = try load(FaultyServer(.forgets)) { plan in
      plan.scenario = .connectStorm
      plan.rate = 2000
      plan.messages = 1000
    }
    #expect(report.missing > 0 && !report.isClean, "\(report.text)")
    #expect(report.missing + report.delivered == 20_000)
  }

  @Test func `in a storm, a gap that is told of is missing all the same`() throws {
    let report = try load(FaultyServer(.tellsOfGaps)) { plan in
      plan.scenario = .connectStorm
      plan.rate = 2000
      plan.messages = 1000
    }
    #expect(report.gaps == 20 && report.missing > 0 && !report.isClean, "\(report.text)")
  }

  @Test func `listeners that leave and join are owed what comes while they are there`() throws {
    let report = try load(FaultyServer()) { plan in
      plan.scenario = .churn
      plan.share = 1
    }
    #expect(report.isClean, "\(report.text)")
    #expect(report.opened > 20 && report.delivered > 1000)
  }

  @Test func `churn does not hide a drop`() throws {
    let report = try load(FaultyServer(.dropsEvery(100))) { plan in
      plan.scenario = .churn
      plan.share = 0.5
    }
    #expect(report.missing > 0 && !report.isClean, "\(report.text)")
  }

  @Test func `those that stop reading catch up, and are counted apart`() throws {
    let report = try load(FaultyServer()) { plan in
      plan.scenario = .slow
      plan.rate = 100
    }
    #expect(report.isClean && report.delivered == 2000, "\(report.text)")
    let slow = try #require(report.slow)
    #expect(slow.listeners == 2)
    // They did not read for a third of a second; the others did.
    #expect(slow.slowMs.max > 250 && report.latencyMs.max < 250)
  }

  @Test func `an idle run counts what the server says by itself`() throws {
    let report = try load(FaultyServer()) { plan in
      plan.scenario = .idle
      plan.duration = 0.3
    }
    #expect(report.isClean && report.delivered == 0 && report.opened == 20, "\(report.text)")
  }
}
