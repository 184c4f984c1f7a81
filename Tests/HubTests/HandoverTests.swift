import EventStream
import Events
import Hub
import TestSupport
import Testing

/// One hub's history, read out and taken over by another.
@Suite struct HandoverTests {
  private func handOver(_ fixture: Fixture, to other: Fixture) {
    var snapshot = fixture.hub.snapshot(now: fixture.now)
    while let record = snapshot.next() { other.hub.restore(record, now: other.now) }
  }

  @Test func `listeners resume at the successor as they would have at the first`() throws {
    var random = SplitMix64(seed: 7)
    let change: (inout HubSettings) -> Void = {
      $0.historyCount = 20
      $0.historyBytes = 15_000
      $0.maximumRooms = 6
    }
    let old = Fixture(change)
    let rooms = ["a", "b", "c", "d", "e"]
    for number in 1...300 {
      let text =
        "\(number)\n" + String(repeating: "x", count: Int.random(in: 0...90, using: &random))
      old.publish(text, in: rooms.randomElement(using: &random)!)
      if number % 50 == 0 { old.publish("", in: "rare") }
    }
    let new = Fixture(change)
    handOver(old, to: new)
    #expect(new.hub.newestID == old.hub.newestID)
    #expect(new.hub.counters.historyEntries == old.hub.counters.historyEntries)
    #expect(new.hub.counters.historyBytes == old.hub.counters.historyBytes)
    for number in stride(from: 0, through: old.hub.newest, by: 3) {
      for names in [["a"], ["rare"], ["b", "c", "e"]] {
        let streams = try [old, new].map { fixture in
          let stream = fixture.subscribe(names, after: "e1-\(number)")
          defer { fixture.hub.remove(stream.token, reason: .client) }
          return try fixture.received(stream.handle)
        }
        #expect(streams[0].events == streams[1].events)
      }
    }
    new.subscribe(["a"])
    let id = new.hub.newest + 1
    #expect(new.hub.append(.said("next", in: "a"), number: id, now: new.now))
  }

  @Test func `what the first had lost is still lost, also of rooms it had forgotten`() throws {
    let old = Fixture {
      $0.historyAge = .seconds(10)
      $0.maximumRooms = 3
    }
    for room in ["a", "b", "c"] { old.publish("old", in: room) }
    old.pass(.seconds(12))
    #expect(old.hub.counters.rooms == 0)
    for room in ["d", "e", "f"] { old.publish("old", in: room) }
    old.pass(.seconds(12))
    old.publish("kept", in: "a")
    let new = Fixture {
      $0.historyAge = .seconds(10)
      $0.maximumRooms = 3
    }
    handOver(old, to: new)
    func gaps(_ fixture: Fixture, _ room: String) throws -> [String] {
      let stream = fixture.subscribe([room], after: "e1-0")
      defer { fixture.hub.remove(stream.token, reason: .client) }
      return try fixture.received(stream.handle).gaps
    }
    for room in ["a", "b", "c", "d", "e", "f", "never"] {
      #expect(try gaps(new, room) == gaps(old, room), "\(room)")
    }
    #expect(try gaps(new, "a").count == 1)
  }

  @Test func `messages keep their ages, and a smaller history what it has room for`() throws {
    let old = Fixture()
    old.publish("1")
    old.pass(.seconds(30))
    old.publish("2")
    old.publish("3", in: "other")
    let new = Fixture {
      $0.historyAge = .seconds(60)
      $0.maximumRooms = 1
    }
    handOver(old, to: new)
    let room = new.hub.counters.rooms == 1 ? ["chat", "other"] : []
    var texts: [String] = []
    for name in room where new.hub.hasPlaces(for: [RoomName(name)!]) {
      texts += try new.received(new.subscribe([name], after: "e1-0").handle).texts
    }
    #expect(texts == ["1", "2"] || texts == ["3"])
    new.pass(.seconds(31))
    #expect(new.hub.counters.historyEntries == 1)
  }

  @Test func `the first goes on while it is read, and what it reads stays`() throws {
    let old = Fixture { $0.historyCount = 3 }
    for number in 1...3 { old.publish("\(number)") }
    let new = Fixture { $0.historyCount = 3 }
    var snapshot = old.hub.snapshot(now: old.now)
    for number in 4...6 { old.publish("\(number)") }
    while let record = snapshot.next() { new.hub.restore(record, now: new.now) }
    #expect(try new.received(new.subscribe(after: "e1-0").handle).texts == ["1", "2", "3"])
  }

  @Test func `what listeners still lack at the first is no history at the second`() throws {
    let old = Fixture { $0.historyCount = 1 }
    let (blocked, _) = old.subscribe()
    old.sink[blocked].room = 0
    for number in 1...5 { old.publish("\(number)") }
    old.flush()
    let new = Fixture { $0.historyCount = 1 }
    handOver(old, to: new)
    let received = try new.received(new.subscribe(after: "e1-2").handle)
    #expect(received.texts == ["5"] && received.gaps.count == 1)
    #expect(try new.received(new.subscribe(after: "e1-4").handle).gaps.isEmpty)
  }
}
