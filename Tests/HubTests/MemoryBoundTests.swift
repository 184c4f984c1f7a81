import EventStream
import Events
import TestSupport
import Testing

@testable import Hub

/// What docs/limits.md says of the memory that the hub takes, held to the hub's own counts.
@Suite struct MemoryBoundTests {
  @Test(arguments: 1...6 as ClosedRange<UInt64>)
  func `logs, rooms, listeners and batches stay within their bounds`(seed: UInt64) throws {
    var chance = SplitMix64(seed: seed)
    let fixture = Fixture {
      $0.historyCount = 50
      $0.historyBytes = 40_000
      $0.retainedBytes = 60_000
      $0.listenerLagBytes = 25_000
      $0.maximumRooms = 8
    }
    let hub = fixture.hub
    let longest = 2000
    let frame = 7 * longest + 200
    let names = (0..<8).map { "r\($0)" }
    var streams: [(handle: Int, token: StreamToken)] = []
    var reached = 0
    for _ in 0..<1500 {
      let room = names.randomElement(using: &chance)!
      switch Int.random(in: 0..<20, using: &chance) {
      case 0..<2:
        streams.append(
          fixture.subscribe(
            [room, names[0]], after: Bool.random(using: &chance) ? "e1-0" : nil,
            framing: Bool.random(using: &chance) ? .chunked : .plain,
            room: Bool.random(using: &chance) ? Int.random(in: 0...4000, using: &chance) : nil))
      case 2:
        guard let stream = streams.randomElement(using: &chance) else { break }
        fixture.sink[stream.handle].room = Int.random(in: 0...9000, using: &chance)
        fixture.resume(stream.token)
      case 3:
        guard !streams.isEmpty else { break }
        let place = Int.random(in: 0..<streams.count, using: &chance)
        hub.remove(streams.remove(at: place).token, reason: .client)
      case 4: fixture.advance(.milliseconds(300))
      case 5: fixture.publishStray(String(repeating: "s", count: longest), in: room)
      default:
        let letter = Bool.random(using: &chance) ? "x" : "\n"
        let length = Int.random(in: 0...longest, using: &chance)
        fixture.publish(String(repeating: letter, count: length), in: room)
      }
      // Within a turn, what the walk still needs comes on top.
      try #require(hub.isLedgerRight)
      try #require(hub.counters.historyBytes <= 40_000)
      fixture.flush()
      fixture.flush()
      try #require(hub.counters.retainedBytes <= 60_000)
      reached = max(reached, hub.counters.retainedBytes)
      try #require(hub.counters.rooms <= 8)
      try #require(hub.batches.count == 0)
      for feed in hub.feeds.all {
        try #require((feed.backlog?.slowEntries ?? 0) <= max(32, 2 * feed.members.count + 1))
      }
    }
    // The bound had something to do.
    #expect(reached > 60_000 - frame)
    #expect(hub.counters.closed(.lag) > 0)
  }

  @Test func `joined frames take no more than is said`() throws {
    let fixture = Fixture()
    fixture.flushesOnSubscribe = false
    let longest = 2000
    for room in 0..<40 {
      for _ in 0..<20 {
        fixture.publish(String(repeating: "\n", count: longest), in: "r\(room)")
      }
    }
    for room in 0..<40 {
      for framing in [Framing.chunked, .plain] {
        fixture.subscribe(["r\(room)"], after: "e1-0", framing: framing)
      }
    }
    var budget = FanOutBudget()
    budget.streams = 10
    var most = 0
    while fixture.hub.flush(budget: budget, clock: { [now = fixture.now] in now }) {
      most = max(most, fixture.hub.batches.bytes)
    }
    let each = Batch.maximumBytes + 7 * longest + 200
    #expect(most > 0 && most <= BatchCache.capacity * each)
  }

  @Test func `the bookkeeping of a frame is 128 bytes`() {
    let frame = Frame(ServerSentEvent(data: ""), number: 1, position: 1, time: .now)
    #expect(frame.cost - frame.bytes.count == 128)
  }
}
