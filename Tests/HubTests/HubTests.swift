import EventStream
import Events
import TestSupport
import Testing

@testable import Hub

@Suite struct HubTests {
  @Test func `a stream begins with a comment, retry and the id where it starts`() throws {
    let fixture = Fixture()
    fixture.publish("before")
    let (handle, _) = fixture.subscribe(framing: .plain)
    let text = String(decoding: fixture.sink[handle].bytes, as: UTF8.self)
    #expect(text == ":\n\nretry: 2000\n\nid: e1-1\n\n")
  }

  @Test func `messages of one turn go out together in one write`() throws {
    let fixture = Fixture()
    let (handle, _) = fixture.subscribe()
    let before = fixture.sink[handle].writes
    for number in 1...10 { fixture.publish("\(number)") }
    fixture.flush()
    #expect(fixture.sink[handle].writes == before + 1)
    #expect(try fixture.received(handle).texts == (1...10).map(String.init))
    #expect(fixture.hub.counters.delivered == 10)
    #expect(fixture.hub.counters.coalesced == 9)
  }

  @Test func `a listener of several rooms gets them in the order of the numbers`() throws {
    let fixture = Fixture()
    let (handle, _) = fixture.subscribe(["b", "a"])
    fixture.publish("1", in: "a")
    fixture.publish("2", in: "b")
    fixture.publish("elsewhere", in: "c")
    fixture.publish("4", in: "a")
    fixture.flush()
    #expect(try fixture.received(handle).texts == ["1", "2", "4"])
  }

  @Test func `a blocked listener costs no more writes until it has room`() throws {
    let fixture = Fixture()
    let (handle, token) = fixture.subscribe()
    fixture.sink[handle].room = 0
    fixture.publish("0")
    fixture.flush()
    let writes = fixture.hub.counters.writes
    for number in 1...100 {
      fixture.publish("\(number)")
      fixture.flush()
    }
    #expect(fixture.hub.counters.writes == writes)
    fixture.sink[handle].room = nil
    fixture.resume(token)
    #expect(try fixture.received(handle).texts == (0...100).map(String.init))
  }

  @Test func `a frame cut at any byte is finished before anything else`() throws {
    for framing in [Framing.chunked, .plain] {
      for cut in 0...80 {
        let fixture = Fixture { $0.heartbeat = .seconds(1) }
        let (handle, token) = fixture.subscribe(framing: framing)
        fixture.sink[handle].room = cut
        fixture.publish("first\nmessage")
        fixture.publish("second")
        fixture.flush()
        fixture.pass(.seconds(3))
        fixture.sink[handle].room = nil
        fixture.resume(token)
        fixture.publish("third")
        fixture.flush()
        #expect(
          try fixture.received(handle, framing: framing).texts
            == ["first\nmessage", "second", "third"])
      }
    }
  }

  @Test func `a listener that leaves during a fan-out disturbs nobody`() throws {
    for leaver in 0..<5 {
      for moment in 0..<5 {
        let fixture = Fixture()
        let streams = (0..<5).map { _ in fixture.subscribe() }
        fixture.sink.beforeWrite = { [unowned fixture] handle in
          if handle == moment { fixture.hub.remove(streams[leaver].token, reason: .client) }
        }
        fixture.publish("a")
        fixture.flush()
        fixture.sink.beforeWrite = nil
        #expect(fixture.hub.counters.listeners == 4)
        #expect(fixture.hub.counters.closed(.client) == 1)
        fixture.publish("b")
        fixture.flush()
        for (place, stream) in streams.enumerated() where place != leaver {
          #expect(try fixture.received(stream.handle).texts == ["a", "b"])
        }
      }
    }
  }

  @Test func `a listener that joins, and a message published, during a fan-out lose nothing`()
    throws
  {
    let fixture = Fixture()
    let streams = (0..<5).map { _ in fixture.subscribe() }
    var joined: Int?
    fixture.sink.beforeWrite = { [unowned fixture] handle in
      guard handle == 2, joined == nil else { return }
      fixture.flushesOnSubscribe = false
      joined = -1
      fixture.publish("b")
      joined = fixture.subscribe(after: "e1-0").handle
      fixture.publish("c")
    }
    fixture.publish("a")
    fixture.flush()
    for stream in streams { #expect(try fixture.received(stream.handle).texts == ["a", "b", "c"]) }
    #expect(try fixture.received(try #require(joined)).texts == ["a", "b", "c"])
  }

  @Test func `a stream that fails in a fan-out is closed for its reason, after the walk`() throws {
    for place in 0..<5 {
      let fixture = Fixture()
      let streams = (0..<5).map { _ in fixture.subscribe() }
      fixture.sink[streams[place].handle].loss = .dead
      fixture.publish("a")
      fixture.flush()
      #expect(fixture.hub.counters.closed(.dead) == 1)
      #expect(fixture.sink[streams[place].handle].isClosed)
      for (other, stream) in streams.enumerated() where other != place {
        #expect(try fixture.received(stream.handle).texts == ["a"])
      }
    }
  }

  @Test func `a late event for a slot used again names nobody`() throws {
    let fixture = Fixture()
    let (_, old) = fixture.subscribe()
    fixture.hub.remove(old, reason: .client)
    let (handle, _) = fixture.subscribe()
    fixture.hub.remove(old, reason: .client)
    fixture.hub.resume(old)
    fixture.publish("a")
    fixture.flush()
    #expect(try fixture.received(handle).texts == ["a"])
    #expect(fixture.hub.counters.closed(.client) == 1)
  }

  @Test func `a fan-out stops at its budget and goes on where it was`() throws {
    let fixture = Fixture()
    let streams = (0..<10).map { _ in fixture.subscribe() }
    fixture.publish("a")
    var budget = FanOutBudget()
    budget.streams = 3
    var slices = 0
    while fixture.hub.flush(budget: budget, clock: { fixture.now }) { slices += 1 }
    #expect(slices == 3)
    for stream in streams { #expect(try fixture.received(stream.handle).texts == ["a"]) }
  }

  @Test func `a room that never rests holds no other up`() throws {
    let fixture = Fixture()
    fixture.flushesOnSubscribe = false
    for _ in 0..<10 { fixture.subscribe(["busy"]) }
    let (handle, _) = fixture.subscribe(["quiet"])
    fixture.publish("x", in: "busy")
    fixture.publish("hello", in: "quiet")
    var budget = FanOutBudget()
    budget.streams = 3
    for _ in 0..<5 {
      fixture.publish("x", in: "busy")
      _ = fixture.hub.flush(budget: budget) { fixture.now }
    }
    #expect(try fixture.received(handle).texts == ["hello"])
  }

  @Test func `what was written last is kept only while there is more to write`() throws {
    let fixture = Fixture()
    fixture.flushesOnSubscribe = false
    for number in 0..<100 {
      fixture.publish(String(repeating: "x", count: 100), in: "r\(number)")
      fixture.publish("y", in: "r\(number)")
    }
    let listeners = (0..<100).flatMap { room in
      [Framing.chunked, .plain].map {
        fixture.subscribe(["r\(room)"], after: "e1-0", framing: $0).handle
      }
    }
    var budget = FanOutBudget()
    budget.streams = 40
    var most = 0
    while fixture.hub.flush(budget: budget, clock: { [now = fixture.now] in now }) {
      most = max(most, fixture.hub.batches.count)
    }
    #expect(most == BatchCache.capacity)
    #expect(fixture.hub.batches.count == 0)
    fixture.publish("z", in: "r7")
    fixture.hub.beginEnding { .seconds(1) }
    fixture.hub.end(200)
    fixture.flush()
    #expect(fixture.hub.batches.count == 0)
    #expect(listeners.allSatisfy { fixture.sink[$0].bytes.count > 100 })
  }

  #if DEBUG
    @Test func `a debug build traps where the hub is called from another thread`() async {
      await #expect(processExitsWith: .failure) {
        let hub = Hub(
          settings: HubSettings(), epoch: Epoch("e1")!, sink: MemorySink(), now: .now,
          isOnThread: { false })
        _ = hub.flush()
      }
    }
  #endif

  // MARK: Resuming

  @Test func `a resumed stream is sent what it missed, then what is live`() throws {
    let fixture = Fixture()
    for number in 1...5 { fixture.publish("\(number)") }
    let (handle, _) = fixture.subscribe(after: "e1-2")
    fixture.publish("6")
    fixture.flush()
    let received = try fixture.received(handle)
    #expect(received.texts == ["3", "4", "5", "6"])
    #expect(received.gaps.isEmpty)
    #expect(fixture.hub.counters.replayed == 3)
  }

  @Test func `history that is gone is said in the stream`() throws {
    let fixture = Fixture { $0.historyCount = 2 }
    for number in 1...5 { fixture.publish("\(number)") }
    let (expired, _) = fixture.subscribe(after: "e1-1")
    #expect(
      try fixture.received(expired).gaps
        == [#"{"room":"chat","after":"e1-1","oldest":"e1-4","reason":"expired"}"#])
    #expect(try fixture.received(expired).texts == ["4", "5"])
    let (restarted, _) = fixture.subscribe(after: "e0-5")
    #expect(
      try fixture.received(restarted).gaps
        == [#"{"room":"chat","after":"e0-5","oldest":"e1-4","reason":"restarted"}"#])
    for id in ["e1-6", "nonsense", "e1-", "\"}\u{2028}"] {
      let (unknown, _) = fixture.subscribe(after: id)
      let after = id.contains("\"") ? "null" : "\"\(id)\""
      #expect(
        try fixture.received(unknown).gaps
          == [#"{"room":"chat","after":\#(after),"oldest":"e1-4","reason":"unknown"}"#])
      #expect(try fixture.received(unknown).texts == ["4", "5"])
    }
    let (reached, _) = fixture.subscribe(after: "e1-3")
    #expect(try fixture.received(reached).gaps.isEmpty)
    #expect(fixture.hub.counters.gaps(.unknown) == 4)
  }

  @Test func `a stream cut off in its opening resumes rightly from its first id`() throws {
    let fixture = Fixture { $0.historyCount = 2 }
    for number in 1...5 { fixture.publish("\(number)") }
    let (cut, token) = fixture.subscribe(after: "e1-1", room: 110)
    fixture.hub.remove(token, reason: .client)
    let id = try fixture.received(cut).lastEventID
    #expect(id == "e1-3")
    let (again, _) = fixture.subscribe(after: id)
    #expect(try fixture.received(again).texts == ["4", "5"])
    #expect(try fixture.received(again).gaps.isEmpty)
  }

  @Test func `history is bounded by age and by bytes over all rooms`() throws {
    let old = Fixture { $0.historyAge = .seconds(10) }
    old.publish("1")
    old.pass(.seconds(9))
    old.publish("2")
    old.pass(.seconds(1))
    let (handle, _) = old.subscribe(after: "e1-0")
    #expect(try old.received(handle).texts == ["2"])
    #expect(try old.received(handle).gaps.count == 1)

    let large = Fixture { $0.historyBytes = 10_000 }
    for number in 0..<100 {
      large.publish(String(repeating: "x", count: 500), in: number % 10 == 0 ? "quiet" : "loud")
    }
    #expect(large.hub.counters.historyBytes <= 10_000)
    #expect(large.hub.counters.historyEntries > 10)
  }

  @Test func `without history a connected listener still gets everything`() throws {
    let fixture = Fixture {
      $0.historyCount = 0
      $0.historyBytes = 0
    }
    let (slow, token) = fixture.subscribe()
    fixture.sink[slow].room = 10
    let texts = (0..<50).map { "\($0) " + String(repeating: "x", count: 1000) }
    for text in texts {
      fixture.publish(text)
      fixture.flush()
    }
    fixture.sink[slow].room = nil
    fixture.resume(token)
    fixture.flush()
    #expect(try fixture.received(slow).texts == texts)
    fixture.pass(.seconds(1))
    let (late, _) = fixture.subscribe(after: "e1-10")
    #expect(try fixture.received(late).gaps.count == 1)
    #expect(fixture.hub.counters.historyEntries == 0)
  }

  @Test func `a room without listeners and history is forgotten, but not what it lost`() throws {
    let fixture = Fixture { $0.historyAge = .seconds(10) }
    fixture.publish("1")
    fixture.pass(.seconds(12))
    #expect(fixture.hub.counters.rooms == 0)
    let (lost, _) = fixture.subscribe(after: "e1-0")
    #expect(try fixture.received(lost).gaps.count == 1)
    let (other, _) = fixture.subscribe(["other"], after: "e1-0")
    #expect(try fixture.received(other).gaps.isEmpty)
  }

  @Test func `a room is held while it has listeners or history, and asking makes none`() {
    let fixture = Fixture { $0.historyAge = .seconds(10) }
    func isHeld(_ name: String) -> Bool { fixture.hub.isHeld(.room(RoomName(name)!)) }
    #expect(!isHeld("a") && !isHeld("b"))
    #expect(fixture.hub.counters.rooms == 0)
    fixture.publish("1", in: "a")
    let (_, token) = fixture.subscribe(["b"])
    #expect(isHeld("a") && isHeld("b"))
    fixture.pass(.seconds(12))
    #expect(!isHeld("a") && isHeld("b"))
    fixture.hub.remove(token, reason: .client)
    #expect(!isHeld("b"))
  }

  @Test func `as many rooms are held as may be, and no more`() {
    let fixture = Fixture { $0.maximumRooms = 2 }
    fixture.publish("1", in: "a")
    fixture.publish("2", in: "b")
    #expect(!fixture.hub.append(.said("3", in: "c"), number: 3, now: fixture.now))
    #expect(fixture.hub.counters.published == 2 && fixture.hub.newestID.number == 2)
    let names = ["a", "b", "c", "d"].map { RoomName($0)! }
    #expect(fixture.hub.hasPlaces(for: [names[0], names[1]]))
    #expect(!fixture.hub.hasPlaces(for: [names[0], names[2]]))
    let roomier = Fixture { $0.maximumRooms = 2 }
    #expect(roomier.hub.hasPlaces(for: Array(names[..<2])))
    #expect(!roomier.hub.hasPlaces(for: Array(names[..<3])))
    #expect(fixture.hub.counters.rooms == 2)
  }

  // MARK: Time

  @Test func `a silent stream is sent one comment an interval, never later`() throws {
    let fixture = Fixture { $0.heartbeat = .seconds(15) }
    let streams = (0..<100).map { _ in fixture.subscribe() }
    fixture.pass(.seconds(15))
    for stream in streams { #expect(try fixture.received(stream.handle).comments == 2) }
    fixture.pass(.seconds(150))
    for stream in streams {
      #expect((11...13).contains(try fixture.received(stream.handle).comments))
    }
  }

  @Test func `comments are spread over the interval and not sent in one burst`() {
    let fixture = Fixture { $0.heartbeat = .seconds(10) }
    for _ in 0..<1000 { fixture.subscribe() }
    fixture.pass(.seconds(30))
    fixture.publish("to all, at once")
    fixture.flush()
    var most = 0
    for _ in 0..<300 {
      let before = fixture.hub.counters.heartbeats
      fixture.advance(.milliseconds(100))
      most = max(most, fixture.hub.counters.heartbeats - before)
    }
    #expect(most <= 60)
  }

  @Test func `a stream that is spoken to is sent no comments`() throws {
    let fixture = Fixture { $0.heartbeat = .seconds(10) }
    let (handle, _) = fixture.subscribe()
    for _ in 0..<100 {
      fixture.publish("x")
      fixture.flush()
      fixture.pass(.seconds(4))
    }
    #expect(try fixture.received(handle).comments == 1)
  }

  @Test func `a listener that takes nothing is closed when its oldest byte is too old`() {
    let fixture = Fixture { $0.listenerLag = .seconds(30) }
    let (handle, _) = fixture.subscribe()
    fixture.sink[handle].room = 0
    fixture.pass(.seconds(20))
    fixture.publish("a")
    fixture.flush()
    fixture.pass(.seconds(29))
    #expect(!fixture.sink[handle].isClosed)
    fixture.pass(.seconds(2))
    #expect(fixture.sink[handle].isClosed)
    #expect(fixture.hub.counters.closed(.slow) == 1)
  }

  @Test func `a listener that is too many bytes behind is closed, and resumes`() throws {
    let fixture = Fixture { $0.listenerLagBytes = 10_000 }
    let (handle, _) = fixture.subscribe()
    fixture.sink[handle].room = 1000
    for _ in 0..<30 {
      fixture.publish(String(repeating: "x", count: 500))
      fixture.flush()
    }
    fixture.pass(.seconds(1))
    #expect(fixture.hub.counters.closed(.lag) == 1)
    let id = try fixture.received(handle).lastEventID
    let (again, _) = fixture.subscribe(after: id)
    let both = try fixture.received(handle).numbers + fixture.received(again).numbers
    #expect(both == Array(1...30))
  }

  @Test func `lag is counted in the bytes of a stream, not in those of the text`() {
    let fixture = Fixture { $0.listenerLagBytes = 10_000 }
    let (handle, _) = fixture.subscribe()
    fixture.sink[handle].room = 0
    // 2,000 bytes each, and 14,000 on the stream.
    for _ in 0..<2 {
      #expect(!fixture.sink[handle].isClosed)
      fixture.publish(String(repeating: "\n", count: 2000))
      fixture.flush()
    }
    #expect(fixture.sink[handle].isClosed)
    #expect(fixture.hub.counters.closed(.lag) == 1)
  }

  @Test func `a long replay is not mistaken for lag`() throws {
    let fixture = Fixture { $0.listenerLagBytes = 1000 }
    for number in 1...500 { fixture.publish("\(number) " + String(repeating: "x", count: 500)) }
    let (handle, token) = fixture.subscribe(after: "e1-0", room: 5000)
    for _ in 0..<100 {
      fixture.pass(.seconds(2))
      fixture.sink[handle].room = 5000
      fixture.resume(token)
    }
    #expect(try fixture.received(handle).numbers == Array(1...500))
    #expect(!fixture.sink[handle].isClosed)
  }

  @Test func `a message larger than the lag limit is no lag`() throws {
    let fixture = Fixture { $0.listenerLagBytes = 1000 }
    let (handle, token) = fixture.subscribe()
    let large = String(repeating: "x", count: 50_000)
    fixture.publish(large)
    fixture.sink[handle].room = 1000
    fixture.flush()
    for _ in 0..<60 {
      fixture.pass(.milliseconds(300))
      fixture.sink[handle].room = 1000
      fixture.resume(token)
    }
    #expect(try fixture.received(handle).texts == [large])
  }

  @Test func `rooms that come and go leave nothing behind`() throws {
    let fixture = Fixture { $0.historyCount = 0 }
    for number in 0..<1000 { fixture.publish("\(number)", in: "r\(number % 10)") }
    #expect(fixture.hub.counters.rooms == 0)
    #expect(fixture.hub.queuedForEviction <= 16)
    let aging = Fixture { $0.historyAge = .seconds(1) }
    for number in 0..<200 {
      aging.publish("\(number)", in: "r\(number)")
      aging.pass(.seconds(2))
    }
    #expect(aging.hub.counters.rooms == 0)
    #expect(aging.hub.queuedForEviction <= 20)
  }

  @Test func `a replay storm leaves time for what is live`() throws {
    let fixture = Fixture()
    let live = (0..<10).map { _ in fixture.subscribe() }
    for number in 0..<200 { fixture.publish("\(number) " + String(repeating: "x", count: 20_000)) }
    fixture.flush()
    fixture.flushesOnSubscribe = false
    for _ in 0..<50 { fixture.subscribe(after: "e1-0") }
    fixture.publish("now")
    // Each look at the clock is half a millisecond later: the storm gets its half of one slice.
    var time = fixture.now
    let hasMore = fixture.hub.flush {
      defer { time += .microseconds(500) }
      return time
    }
    #expect(hasMore)
    for (handle, _) in live { #expect(try fixture.received(handle).texts.last == "now") }
  }

  // MARK: Ending

  @Test func `ending sends what is missing, a retry and the last chunk`() throws {
    let fixture = Fixture()
    let (ready, _) = fixture.subscribe()
    let (slow, token) = fixture.subscribe()
    fixture.sink[slow].room = 10
    fixture.publish("a")
    fixture.hub.beginEnding { .seconds(7) }
    fixture.hub.end(2)
    fixture.flush()
    #expect(fixture.sink[ready].isClosed)
    #expect(!fixture.sink[slow].isClosed)
    fixture.sink[slow].room = nil
    fixture.resume(token)
    fixture.flush()
    for handle in [ready, slow] {
      let received = try fixture.received(handle)
      #expect(received.texts == ["a"] && received.hasEnded)
      #expect(String(decoding: fixture.sink[handle].bytes, as: UTF8.self).contains("retry: 7000"))
      #expect(fixture.sink[handle].isClosed)
    }
    #expect(fixture.hub.counters.closed(.drain) == 2)
  }
}
