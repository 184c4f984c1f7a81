import EventStream
import Events
import Hub
import TestSupport
import Testing

/// Histories that are kept elsewhere: rooms loaded and let go, lines without an id, new epochs.
@Suite struct HubHistoryTests {
  @Test func `a loaded room is replayed in order with one that was there before`() throws {
    let fixture = Fixture()
    for number in 1...6 { fixture.publish("\(number)", in: number % 2 == 0 ? "even" : "other") }
    fixture.load("odd", [1, 3, 5])
    let (handle, _) = fixture.subscribe(["odd", "even"], after: "e1-0")
    fixture.publish("7", in: "odd")
    fixture.publish("8", in: "even")
    fixture.flush()
    #expect(try fixture.received(handle).texts == (1...8).map(String.init))
    #expect(try fixture.received(handle).gaps.isEmpty)
  }

  @Test func `what a loaded room lost before is told as it is known`() throws {
    let fixture = Fixture()
    fixture.load("a", [5, 7], droppedThrough: 3)
    fixture.load("b", [6], unknownThrough: 4)
    fixture.load("c", [])
    func reasons(_ room: String, _ id: String) throws -> [String] {
      try fixture.received(fixture.subscribe([room], after: id).handle).gaps.map { gap in
        GapReason.allCases.first { gap.contains("\"\($0)\"") }?.rawValue ?? ""
      }
    }
    #expect(try reasons("a", "e1-2") == ["expired"])
    #expect(try reasons("a", "e1-3") == [])
    #expect(try reasons("b", "e1-3") == ["unknown"])
    #expect(try reasons("b", "e1-4") == [])
    #expect(try reasons("c", "e1-0") == [])
    #expect(try reasons("a", "e9-1") == ["restarted"])
  }

  @Test func `a loaded message leaves history at its real age`() throws {
    let fixture = Fixture { $0.historyAge = .seconds(60) }
    // Messages of 1 to 100 seconds ago: the older ones are no history any more.
    fixture.load("chat", Array(1...100))
    let (handle, _) = fixture.subscribe(after: "e1-0")
    #expect(try fixture.received(handle).texts == (42...100).map(String.init))
    #expect(try fixture.received(handle).gaps.count == 1)
    #expect(fixture.hub.counters.historyEntries == 59)
    fixture.pass(.seconds(50))
    #expect(fixture.hub.counters.historyEntries == 9)
  }

  @Test func `a room is held while it is empty, and let go with everything in it`() {
    let fixture = Fixture { $0.maximumRooms = 2 }
    fixture.load("a", [1, 2])
    fixture.load("b", [])
    #expect(!fixture.hub.load(RoomName("c")!, RoomHistory(), now: fixture.now))
    fixture.pass(.seconds(2))
    #expect(fixture.hub.counters.rooms == 2)
    fixture.hub.unload(RoomName("a")!)
    fixture.hub.unload(RoomName("nowhere")!)
    #expect(fixture.hub.counters.rooms == 1)
    #expect(fixture.hub.counters.historyEntries == 0 && fixture.hub.counters.historyBytes == 0)
    let (_, token) = fixture.subscribe(["b"])
    fixture.hub.unload(RoomName("b")!)
    #expect(fixture.hub.hasListeners(RoomName("b")!))
    fixture.hub.remove(token, reason: .client)
    #expect(!fixture.hub.hasListeners(RoomName("b")!))
    fixture.hub.unload(RoomName("b")!)
    #expect(fixture.hub.counters.rooms == 0)
  }

  @Test func `a line without an id goes to who is there, in its place, and is never replayed`()
    throws
  {
    let fixture = Fixture()
    let (here, _) = fixture.subscribe()
    let (blocked, token) = fixture.subscribe()
    fixture.sink[blocked].room = 0
    fixture.publish("1")
    fixture.publishStray("stray")
    fixture.publish("2")
    fixture.publishStray("elsewhere", in: "nowhere")
    fixture.flush()
    fixture.publish("3")
    fixture.flush()
    #expect(try fixture.received(here).texts == ["1", "stray", "2", "3"])
    #expect(try fixture.received(here).numbers == [1, 1, 2, 3])
    fixture.sink[blocked].room = nil
    fixture.resume(token)
    #expect(try fixture.received(blocked).texts == ["1", "stray", "2", "3"])
    let (late, _) = fixture.subscribe(after: "e1-0")
    #expect(try fixture.received(late).texts == ["1", "2", "3"])
    fixture.publishStray("again")
    fixture.flush()
    #expect(try fixture.received(late).texts == ["1", "2", "3", "again"])
  }

  @Test func `lines without an id take no place in history, and no memory`() throws {
    let fixture = Fixture {
      $0.historyCount = 2
      $0.listenerLagBytes = 4000
    }
    let (handle, _) = fixture.subscribe()
    fixture.publish("1")
    fixture.publish("2")
    for number in 0..<1000 {
      fixture.publishStray("stray \(number)")
      fixture.flush()
    }
    #expect(fixture.hub.counters.historyEntries == 2)
    let (late, _) = fixture.subscribe(after: "e1-0")
    #expect(try fixture.received(late).texts == ["1", "2"])
    #expect(try fixture.received(handle).texts.count == 1002)
    // Somebody who doesn't read is measured by them as by any other line.
    let (slow, _) = fixture.subscribe()
    fixture.sink[slow].room = 0
    for _ in 0..<50 {
      fixture.publishStray(String(repeating: "x", count: 100))
      fixture.flush()
    }
    fixture.advance(.seconds(1))
    #expect(fixture.sink[slow].isClosed && !fixture.sink[handle].isClosed)
  }

  @Test func `a new history is told after what was lacking of the old, and before what is new`()
    throws
  {
    for room in [nil, 0, 30, 60, 90] as [Int?] {
      let fixture = Fixture()
      let (handle, token) = fixture.subscribe(["b", "a"], room: room)
      fixture.publish("1", in: "a")
      fixture.publish("2", in: "b")
      fixture.flush()
      fixture.restart()
      fixture.publish("new", in: "a")
      fixture.flush()
      fixture.sink[handle].room = nil
      fixture.resume(token)
      let received = try fixture.received(handle)
      #expect(received.events.map(\.type) == ["message", "message", "gap", "gap", "message"])
      #expect(received.texts == ["1", "2", "new"])
      #expect(
        received.gaps
          == ["a", "b"].map {
            #"{"room":"\#($0)","after":"e1-2","oldest":null,"reason":"restarted"}"#
          })
      #expect(received.events.map(\.lastEventID) == ["e1-1", "e1-2", "e2-0", "e2-0", "e2-1"])
      #expect(fixture.hub.counters.gaps(.restarted) == 2)
      #expect(fixture.hub.counters.delivered == 3)
    }
  }

  @Test func `a gap is counted for each who is told of it, and is no message`() throws {
    let fixture = Fixture()
    let handles = (0..<3).map { _ in fixture.subscribe(["a"]).handle }
    fixture.publish("1", in: "a")
    fixture.flush()
    fixture.restart()
    fixture.flush()
    for handle in handles { #expect(try fixture.received(handle).gaps.count == 1) }
    #expect(fixture.hub.counters.gaps(.restarted) == 3)
    #expect(fixture.hub.counters.delivered == 3 && fixture.hub.counters.coalesced == 0)
  }

  @Test func `what is past is not replayed in a new history`() throws {
    let fixture = Fixture()
    let (blocked, token) = fixture.subscribe()
    fixture.sink[blocked].room = 0
    for number in 1...3 { fixture.publish("\(number)") }
    fixture.flush()
    fixture.restart()
    #expect(fixture.hub.counters.historyEntries == 0)
    fixture.publish("new")
    // The old messages are still in the log, for the one who is behind.
    for (id, gaps) in [("e1-1", 1), ("e2-0", 0), ("e2-1", 0), ("e3-1", 1)] {
      let (handle, _) = fixture.subscribe(after: id)
      #expect(try fixture.received(handle).texts == (id == "e2-1" ? [] : ["new"]))
      #expect(try fixture.received(handle).gaps.count == gaps)
    }
    fixture.sink[blocked].room = nil
    fixture.resume(token)
    #expect(try fixture.received(blocked).texts == ["1", "2", "3", "new"])
    fixture.publish("newer")
    let (handle, _) = fixture.subscribe(after: "e2-0")
    #expect(try fixture.received(handle).gaps.isEmpty)
  }

  @Test func `one who replays when history ends is sent it all, or closed`() throws {
    let fixture = Fixture()
    for number in 1...50 { fixture.publish("\(number)") }
    fixture.flushesOnSubscribe = false
    let (handle, token) = fixture.subscribe(after: "e1-10", room: 100)
    fixture.flush()
    fixture.restart()
    fixture.publish("new")
    fixture.flush()
    fixture.sink[handle].room = nil
    fixture.resume(token)
    let received = try fixture.received(handle)
    #expect(received.texts == (11...50).map(String.init) + ["new"])
    #expect(received.gaps.count == 1)
  }

  @Test func `who comes to a new history that was joined late is told what is not there`() throws {
    let fixture = Fixture()
    let (here, _) = fixture.subscribe(["a", "b", "c"])
    for room in ["a", "b", "c"] { fixture.publish("old", in: room) }
    fixture.flush()
    fixture.restart(at: [
      "a": HistoryStart(droppedThrough: 40, oldest: 41), "b": HistoryStart(unknownThrough: 30),
    ])
    fixture.hub.append(.said("41", in: "a"), number: 41, now: fixture.now)
    fixture.flush()
    #expect(
      try fixture.received(here).gaps == [
        #"{"room":"a","after":"e1-3","oldest":"e2-41","reason":"restarted"}"#,
        #"{"room":"b","after":"e1-3","oldest":null,"reason":"restarted"}"#,
        #"{"room":"c","after":"e1-3","oldest":null,"reason":"restarted"}"#,
      ])
    // From another node, which had more of it.
    for (id, reasons) in [
      ("e2-10", ["expired", "unknown"]), ("e2-30", ["expired"]), ("e2-39", ["expired"]),
      ("e2-40", []), ("e2-41", []),
    ] {
      let (handle, _) = fixture.subscribe(["a", "b", "c"], after: id)
      let gaps = try fixture.received(handle).gaps
      #expect(gaps.count == reasons.count, "\(id): \(gaps)")
      for (gap, reason) in zip(gaps, reasons) { #expect(gap.contains("\"\(reason)\"")) }
      #expect(try fixture.received(handle).texts == (id == "e2-41" ? [] : ["41"]))
    }
  }

  @Test func `a loss that nobody can be sure of is told as such to who comes later, too`() throws {
    let fixture = Fixture()
    fixture.publish("1")
    fixture.hub.appendGap(
      in: RoomName("chat")!, after: 1, lostThrough: 8, oldest: nil, reason: .unknown,
      now: fixture.now)
    fixture.hub.advance(toNumber: 9)
    for (id, reason) in [("e1-0", "expired"), ("e1-1", "unknown"), ("e1-7", "unknown")] {
      let gaps = try fixture.received(fixture.subscribe(after: id).handle).gaps
      #expect(gaps.count == 1 && gaps[0].contains("\"\(reason)\""), "\(id): \(gaps)")
    }
    #expect(try fixture.received(fixture.subscribe(after: "e1-8").handle).gaps.isEmpty)
  }

  @Test func `a gap in the midst of a stream is told in its place`() throws {
    let fixture = Fixture()
    let (handle, _) = fixture.subscribe()
    fixture.publish("1")
    fixture.hub.appendGap(
      in: RoomName("chat")!, after: 1, lostThrough: 8, oldest: 9, reason: .expired,
      now: fixture.now)
    fixture.hub.advance(toNumber: 8)
    fixture.hub.append(.said("9"), number: 9, now: fixture.now)
    fixture.flush()
    let received = try fixture.received(handle)
    #expect(received.events.map(\.type) == ["message", "gap", "message"])
    #expect(
      received.gaps
        == [#"{"room":"chat","after":"e1-1","oldest":"e1-9","reason":"expired"}"#])
    // Who comes later and had no more is told the same.
    for (id, gaps) in [("e1-0", 1), ("e1-1", 1), ("e1-7", 1), ("e1-8", 0)] {
      let (late, _) = fixture.subscribe(after: id)
      #expect(try fixture.received(late).texts == ["9"])
      #expect(try fixture.received(late).gaps.count == gaps)
    }
  }
}
