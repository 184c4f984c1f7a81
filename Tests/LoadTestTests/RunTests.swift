import Foundation
import LoadTest
import Reactor
import TestSupport
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
    plan.patience = Double(server.patience)
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

  /// How long this process's threads were ready to run and had no processor, in milliseconds
  /// (proc_pid_schedstat: the second number, in nanoseconds).
  private static var waitedForProcessor: Double {
    let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
    return tasks.reduce(0) { sum, task in
      let path = "/proc/self/task/\(task)/schedstat"
      let numbers = (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: " ")
      return sum + (numbers.flatMap { $0.count > 1 ? Double($0[1]) : nil } ?? 0) / 1e6
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
    let idler = try ChildProcess("/bin/sleep", ["60"])
    let server = try FaultyServer()
    let report = try load(server) { _ in
    } options: {
      $0.pids = [Int(idler.processIdentifier)]
    }
    #expect(idler.isRunning)
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
    let waitedBefore = Self.waitedForProcessor
    let report = try load(FaultyServer(.stalls(at: 50, milliseconds: 500))) { plan in
      plan.rate = 100
      plan.messages = 200
    }
    #expect(report.isClean, "\(report.text)")
    #expect(report.latencyMs.max >= 500)
    // 50 of the 200 were due while it stalled, and waited half of it on average: the best three
    // quarters know nothing of it, the rest do.
    #expect(report.latencyMs.p90 > 200, "\(report.text)")
    // Nor do they of more than a busy machine kept our threads waiting meanwhile.
    let waited = max(0, Self.waitedForProcessor - waitedBefore)
    #expect(report.latencyMs.p50 < 200 + waited, "\(waited) ms waited; \(report.text)")
    #expect(report.lastListenerMs.max >= 500)
  }

  @Test func `a stream that never answers is named before the load begins`() {
    let text = problem(.neverAnswersStreams) { $0.patience = 0.5 }
    #expect(text.contains("did not answer GET /stream"))
  }

  @Test func `a post that is never answered is named before the load begins`() {
    let text = problem(.neverAnswersPosts)
    #expect(text.contains("POST /post was not answered"))
  }

  @Test func `a refusal is named before the load begins`() {
    #expect(problem(.refusesStreams(.notFound)).contains("GET /stream was answered 404"))
    #expect(problem(.refusesPosts(.forbidden)).contains("POST /post was answered 403"))
    #expect(problem(.answersWithPages).contains("text/html"))
    #expect(problem(.deliversNothing).contains("was not sent it"))
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

  @Test func `another id, type or field is found out`() throws {
    let ids = try load(FaultyServer(.altersIDs(every: 100)))
    #expect(ids.corrupted == 20 && ids.delivered == 2000 && ids.missing == 0, "\(ids.text)")
    let types = try load(FaultyServer(.altersTypes(every: 100)))
    #expect(types.corrupted == 20 && types.delivered == 1980, "\(types.text)")
    #expect(types.missing == 0 && types.offenders.contains { $0.contains("messagf") })
    let fields = try load(FaultyServer(.altersFields(every: 100)))
    #expect(fields.missing == 20 && fields.unknownFields == 20, "\(fields.text)")
    #expect(fields.warnings.contains { $0.contains("name that no listener knows") })
  }

  @Test func `a post that is never answered ends the run, with what was measured`() throws {
    let report = try load(FaultyServer(.fallsSilent(at: 50)))
    #expect(report.failure?.contains("was not answered within") == true, "\(report.text)")
    // The load's own trial was message 0.
    #expect(report.delivered == 49 * 20 && report.missing == 0)
  }

  @Test func `a server that dies in an idle run ends it, and is named`() throws {
    // All 20, after the trial's one; long before the run would be over.
    let report = try load(FaultyServer(.diesAfter(streams: 20, milliseconds: 1000))) { plan in
      plan.scenario = .idle
      plan.duration = 3600
    }
    #expect(report.lost == 20 && report.verdict == "FAILED: the server is gone", "\(report.text)")
  }

  // MARK: Coming back

  @Test func `listeners that are refused for good are not waited for without end`() throws {
    let report = try load(FaultyServer(.refusesReturns(at: 50))) { plan in
      plan.scenario = .soak
      plan.patience = 1.5
    }
    #expect(report.lost == 20 && report.failedReconnects >= 20, "\(report.text)")
    #expect(report.missing == 20 * 51 && report.delivered == 20 * 49)
    #expect(report.warnings.contains { $0.contains("could not come back") && $0.contains("503") })
  }

  @Test func `events without an id don't take a listener's place from it`() throws {
    let report = try load(FaultyServer(.pings)) { $0.scenario = .connectStorm }
    #expect(report.isClean && report.delivered == 2000, "\(report.text)")
    #expect(report.reconnects == 20)
  }

  @Test func `a gap excuses those that did not read, and nobody else`() throws {
    let report = try load(FaultyServer(.gapsToTheLast(at: 51))) { $0.scenario = .slow }
    #expect(report.gaps == 1 && report.gapped == 0 && report.missing == 1, "\(report.text)")
  }

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
    // They did not read for a third of a second. The others did, and by how much they were later is the
    // machine's; that they are counted apart is not.
    #expect(slow.slowMs.max > 250 && report.latencyMs.p99 <= report.latencyMs.max)
    #expect(slow.othersDuringMs.p50 < slow.slowMs.max)
  }

  @Test func `an idle run counts what the server says by itself`() throws {
    let report = try load(FaultyServer()) { plan in
      plan.scenario = .idle
      plan.duration = 0.3
    }
    #expect(report.isClean && report.delivered == 0 && report.opened == 20, "\(report.text)")
  }
}
