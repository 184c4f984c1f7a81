import Foundation
import LoadTest
import Testing

/// Whole runs in which each listener follows a room of its own and a shared one.
@Suite struct OwnRoomRunTests {
  private func plan(_ server: FaultyServer) throws -> Plan {
    var changes = Target.Changes()
    changes.url = "http://127.0.0.1:\(server.port)"
    var plan = Plan(target: try Target(.belfry, changes))
    plan.listeners = 20
    plan.messages = 50
    plan.rate = 200
    plan.roomName = "shared"
    plan.patience = Double(server.patience)
    return plan
  }

  /// 20 listeners: 50 messages to the shared room; then one to each own room, and 10 to the shared one.
  private func load(
    _ server: FaultyServer, _ change: (inout Plan) -> Void = { _ in }, pids: [Int] = []
  ) throws -> Report {
    var plan = try plan(server)
    change(&plan)
    try plan.giveOwnRooms()
    var options = LoadRun.Options()
    options.pause = 0.05
    options.pids = pids
    return try LoadRun(plan, options).run()
  }

  /// A server of which the load's own trial, three messages, finds nothing wrong.
  private func server(_ fault: FaultyServer.Fault = .none) throws -> FaultyServer {
    try FaultyServer(fault, trials: 3)
  }

  private func problem(_ fault: FaultyServer.Fault) -> String {
    do {
      return "no problem: \(try load(server(fault)).verdict)"
    } catch {
      return "\(error)"
    }
  }

  @Test func `each own room's message reaches its listener, the shared room's all`() throws {
    let report = try load(server(), pids: [Int(ProcessInfo.processInfo.processIdentifier)])
    #expect(report.isClean && report.rooms == 21, "\(report.text)")
    #expect(report.published == 50 && report.delivered == 50 * 20 + 20 + 10 * 20)
    let own = try #require(report.ownRooms)
    #expect(own.published == 30 && own.delivered == 20 + 10 * 20 && own.sharedRoom == "shared")
    #expect(own.latencyMs.max > 0)
    // The figures of the load are those of the shared room's messages.
    #expect(report.series.reduce(0) { $0 + $1.deliveriesPerSecond } == 1000)
    #expect(abs(report.deliveriesPerSecond * report.seconds - 1000) < 1e-6)
    let measured = try #require(report.server)
    let each = try #require(measured.cpuUsPerDelivery)
    #expect(abs(each - measured.cpuSeconds * 1e6 / 1000) < 1e-6)
    let after = try #require(measured.bytesPerListenerAfter)
    #expect(abs(after - Double(measured.rssAfterBytes - measured.rssBeforeBytes) / 20) < 1e-3)
    #expect(report.text.contains("own rooms") && report.text.contains("B after the messages"))
    let page = ReportPage([report], names: ["belfry"]).html
    #expect(page.contains("30 more messages, one to each own room and some to shared"))
    #expect(page.contains(">foreign<"))
  }

  @Test(arguments: [1, 4])
  func `several publishers, in turn or not, are found right`(publishers: Int) throws {
    let report = try load(server()) { plan in
      plan.publishers = publishers
      plan.inTurn = publishers == 1
      plan.rate = 0
    }
    #expect(report.isClean && report.delivered == 1220, "\(report.text)")
  }

  @Test func `a message that goes to another listener is foreign there, and missing here`() throws {
    let report = try load(server(.misleadsEvery(10)))
    #expect(report.foreign == 2 && report.missing == 2 && !report.isClean, "\(report.text)")
    #expect(report.verdict == "FAILED: 2 missing, 2 foreign")
    #expect(report.offenders.contains { $0.contains("but does not follow that room") })
    #expect(report.corrupted == 0 && report.duplicated == 0 && report.reordered == 0)
  }

  @Test func `a message that goes to another listener too is foreign`() throws {
    let report = try load(server(.leaksEvery(10)))
    #expect(report.foreign == 2 && report.missing == 0 && !report.isClean, "\(report.text)")
    #expect(report.delivered == 1220)
  }

  @Test func `a message that a later one of the other room overtakes is reordered`() throws {
    let report = try load(server(.delaysOwnEvery(10)))
    #expect(report.reordered == 2 && report.missing == 0 && report.foreign == 0, "\(report.text)")
    #expect(report.offenders.contains { $0.contains("published later") })
  }

  @Test func `faults in the shared room are found as without own rooms`() throws {
    let missing = try load(server(.dropsEvery(400)))
    #expect(missing.missing == 3 && missing.delivered == 1217, "\(missing.text)")
    let twice = try load(server(.doublesEvery(400)))
    #expect(twice.duplicated == 3 && twice.missing == 0, "\(twice.text)")
    let damaged = try load(server(.corruptsEvery(400)))
    #expect(damaged.corrupted == 3 && damaged.missing == 0, "\(damaged.text)")
  }

  @Test func `in a storm all come back to both rooms`() throws {
    let report = try load(server()) { $0.scenario = .connectStorm }
    #expect(report.isClean && report.reconnects == 20, "\(report.text)")
    #expect(report.ownRooms?.delivered == 220)
  }

  @Test func `an idle run checks nothing`() throws {
    let report = try load(server()) { plan in
      plan.scenario = .idle
      plan.duration = 0.3
    }
    #expect(report.isClean && report.ownRooms == nil && report.delivered == 0, "\(report.text)")
  }

  @Test func `a run that ends early checks nothing`() throws {
    let report = try load(server(.fallsSilent(at: 20)))
    #expect(report.failure != nil && report.ownRooms == nil, "\(report.text)")
  }

  @Test func `a server that dies in the check is told of`() throws {
    let report = try load(server(.dies(at: 60)))
    #expect(report.failure != nil && report.lost == 20, "\(report.text)")
    #expect(report.published == 50 && report.delivered >= 50 * 20)
  }

  @Test func `a server that follows one room of a stream is named before the load begins`() {
    let text = problem(.followsOneRoom)
    #expect(text.contains("not all messages arrived on GET /stream?room=shared&room=own-0"))
    #expect(text.contains("in own room 0"))
  }

  @Test func `a refusal for want of rooms is told, with what would help`() {
    let text = problem(.refusesRooms(from: 5))
    #expect(text.contains("the server refused a stream: room limit reached"), "\(text)")
    #expect(text.contains("20 listeners need 21 rooms: start Belfry with --max-rooms 21"))
  }

  @Test func `what can't have own rooms is refused in words`() throws {
    func problem(_ preset: Target.Preset, _ change: (inout Target.Changes, inout Plan) -> Void)
      throws -> String?
    {
      var changes = Target.Changes()
      var plan = Plan(target: try Target(preset, changes))
      change(&changes, &plan)
      plan.target = try Target(preset, changes)
      do {
        try plan.giveOwnRooms()
        return nil
      } catch {
        return "\(error)"
      }
    }
    for preset in Target.Preset.allCases where preset != .belfry {
      let text = try #require(try problem(preset) { _, _ in })
      #expect(text.contains("--target belfry") && text.hasSuffix("of \(preset.rawValue)"))
    }
    #expect(try problem(.belfry) { _, _ in } == nil)
    #expect(
      try problem(.belfry) { changes, _ in changes.streamPath = "/stream?a=1&room={room}" } == nil)
    for path in ["/stream", "/stream/{room}", "/stream?rooms={room}"] {
      let text = try problem(.belfry) { changes, _ in changes.streamPath = path }
      #expect(text?.contains("room={room} in the query of --stream-path") == true, "\(path)")
    }
    let many = try problem(.belfry) { _, plan in plan.listeners = 1 << 18 }
    #expect(many?.contains("less than 262,144") == true)
    let named = try problem(.belfry) { _, plan in plan.roomName = "own-3" }
    #expect(named?.contains("--room") == true)
  }

  @Test func `a stream asks for the shared room and its own`() throws {
    var plan = Plan(target: try Target(.belfry, Target.Changes()))
    plan.listeners = 3
    plan.roomName = "shared"
    try plan.giveOwnRooms()
    let rooms = (0..<3).map { plan.roomNames(ofListener: $0) }
    #expect(rooms == [["shared", "own-0"], ["shared", "own-1"], ["shared", "own-2"]])
    let request = plan.target.streamRequest(rooms: rooms[2], lastEventID: "x-7")
    let text = String(decoding: request, as: UTF8.self)
    #expect(text.hasPrefix("GET /stream?room=shared&room=own-2 HTTP/1.1\r\n"))
    #expect(text.contains("\r\nLast-Event-ID: x-7\r\n"))
  }
}
