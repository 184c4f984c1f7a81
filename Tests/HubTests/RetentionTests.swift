import EventStream
import Events
import Testing

@testable import Hub

/// What logs keep beyond history because a slow listener still needs it.
@Suite struct RetentionTests {
  private func text(_ bytes: Int) -> String { String(repeating: "x", count: bytes) }

  private func kept(_ hub: Hub) -> Int { hub.keptBytes.retained }

  @Test func `one blocked listener in each of many rooms keeps no more than the bound`() throws {
    let bound = 1 << 20
    let fixture = Fixture {
      $0.historyBytes = 1 << 20
      $0.retainedBytes = bound
    }
    let listeners = (0..<200).map { fixture.subscribe(["r\($0)"], room: 200) }
    var most = 0
    // 64 KiB into each room, 12.5 MiB in all.
    for _ in 0..<16 {
      for number in 0..<200 {
        fixture.publish(text(4096), in: "r\(number)")
        fixture.flush()
        most = max(most, fixture.hub.counters.retainedBytes)
      }
    }
    #expect(kept(fixture.hub) == fixture.hub.counters.retainedBytes)
    #expect(fixture.hub.counters.historyBytes <= 1 << 20)
    // The bound was reached, and held at each moment.
    #expect(most > bound - 10_000 && most <= bound)
    let closed = fixture.hub.counters.closed(.lag)
    #expect(closed > 0 && fixture.hub.counters.listeners == 200 - closed)
    for (number, listener) in listeners.enumerated() where !fixture.sink[listener.handle].isClosed {
      fixture.sink[listener.handle].room = nil
      fixture.resume(listener.token)
      #expect(try fixture.received(listener.handle).texts.count == 16, "room \(number)")
    }
  }

  @Test func `the slowest listener goes first, and no more than needed`() throws {
    let fixture = Fixture {
      $0.historyCount = 0
      $0.retainedBytes = 10_000
    }
    // Each blocks later than the one before it.
    let listeners = ["a", "b", "c", "b"].map { room in
      let listener = fixture.subscribe([room])
      fixture.sink[listener.handle].room = 0
      fixture.publish(text(1000), in: room)
      fixture.flush()
      return listener
    }
    func open() -> [Bool] { listeners.map { !fixture.sink[$0.handle].isClosed } }
    for _ in 0..<4 { fixture.publish(text(1000), in: "c") }
    fixture.flush()
    #expect(open() == [true, true, true, true])
    // Eight messages of 1,142 bytes are kept, and there is no place for a ninth.
    #expect(fixture.hub.counters.retainedBytes > 9000)
    fixture.publish(text(1000), in: "c")
    fixture.flush()
    #expect(open() == [false, true, true, true])
    #expect(fixture.hub.counters.closed(.lag) == 1)
    // The last needs one of the two messages that the second needed.
    fixture.publish(text(1000), in: "c")
    fixture.flush()
    #expect(open() == [false, false, true, true])
    // The third needs all of its room, from before the last one's message.
    fixture.publish(text(1000), in: "c")
    fixture.flush()
    #expect(open() == [false, false, false, true])
    #expect(fixture.hub.counters.retainedBytes < 1300)
    #expect(kept(fixture.hub) == fixture.hub.counters.retainedBytes)
  }

  @Test func `those who are at the same place share what is kept`() throws {
    let fixture = Fixture {
      $0.historyCount = 0
      $0.retainedBytes = 100_000
    }
    let listeners = (0..<50).map { _ in fixture.subscribe(room: 0) }
    for listener in listeners { fixture.sink[listener.handle].room = 0 }
    for _ in 0..<80 {
      fixture.publish(text(1000))
      fixture.flush()
    }
    #expect(fixture.hub.counters.listeners == 50)
    let one = fixture.hub.counters.retainedBytes
    #expect(one > 80_000 && one < 100_000 && kept(fixture.hub) == one)
    // All of them are in the way, and go in more than one call.
    var calls = 0
    for _ in 0..<20 { fixture.publish(text(1000)) }
    while fixture.hub.flush(clock: { [now = fixture.now] in now }) { calls += 1 }
    #expect(fixture.hub.counters.closed(.lag) == 50)
    #expect(fixture.hub.counters.retainedBytes == 0 && fixture.hub.counters.rooms == 0)
  }

  @Test func `nobody is closed in one call beyond the budget`() throws {
    let fixture = Fixture {
      $0.historyCount = 0
      $0.retainedBytes = 0
    }
    let listeners = (0..<100).map { _ in fixture.subscribe() }
    for listener in listeners { fixture.sink[listener.handle].room = 0 }
    fixture.publish(text(10))
    var budget = FanOutBudget()
    budget.closings = 7
    var before = 0
    var calls = 0
    while fixture.hub.flush(budget: budget, clock: { [now = fixture.now] in now }) {
      let closed = fixture.hub.counters.closed(.lag)
      #expect(closed - before <= 7)
      before = closed
      calls += 1
    }
    #expect(fixture.hub.counters.closed(.lag) == 100)
    #expect(calls == 100 / 7)
  }

  @Test func `what only the walk needs closes nobody, and goes with it`() throws {
    let fixture = Fixture {
      $0.historyCount = 0
      $0.retainedBytes = 0
    }
    let listeners = (0..<10).map { _ in fixture.subscribe() }
    for _ in 0..<5 { fixture.publish(text(100)) }
    #expect(fixture.hub.counters.retainedBytes > 0)
    fixture.flush()
    #expect(fixture.hub.counters.listeners == 10)
    #expect(fixture.hub.counters.retainedBytes == 0)
    for listener in listeners { #expect(try fixture.received(listener.handle).texts.count == 5) }
  }

  @Test func `lines without an id, and notices, are counted too`() throws {
    let fixture = Fixture { $0.retainedBytes = 20_000 }
    let (slow, _) = fixture.subscribe()
    fixture.sink[slow].room = 0
    for _ in 0..<10 {
      fixture.publishStray(text(1000))
      fixture.flush()
    }
    let strays = fixture.hub.counters.retainedBytes
    #expect(strays > 10_000 && strays == kept(fixture.hub))
    fixture.restart()
    fixture.flush()
    #expect(fixture.hub.counters.retainedBytes > strays)
    #expect(fixture.hub.counters.retainedBytes == kept(fixture.hub))
    for _ in 0..<10 { fixture.publishStray(text(1000)) }
    fixture.flush()
    #expect(fixture.sink[slow].isClosed)
    #expect(fixture.hub.counters.retainedBytes == 0)
  }

  @Test func `a lower bound set later holds from the next turn on`() throws {
    let fixture = Fixture { $0.historyCount = 0 }
    let (slow, _) = fixture.subscribe(room: 200)
    for _ in 0..<10 {
      fixture.publish(text(1000))
      fixture.flush()
    }
    #expect(!fixture.sink[slow].isClosed)
    fixture.hub.change(
      listenerLag: .seconds(30), listenerLagBytes: 4 << 20, retainedBytes: 5000, retry: .seconds(2))
    fixture.flush()
    #expect(fixture.sink[slow].isClosed)
  }

  @Test func `a history that begins anew counts nothing that nobody needs`() throws {
    let fixture = Fixture { $0.retainedBytes = 5000 }
    let (fast, _) = fixture.subscribe(["a"])
    let (slow, _) = fixture.subscribe(["b"], room: 200)
    for _ in 0..<3 { fixture.publish(text(1000), in: "b") }
    for _ in 0..<100 { fixture.publish(text(1000), in: "a") }
    fixture.flush()
    fixture.restart()
    fixture.flush()
    #expect(!fixture.sink[fast].isClosed && !fixture.sink[slow].isClosed)
    let bytes = fixture.hub.counters.retainedBytes
    #expect(bytes > 3000 && bytes <= 5000 && bytes == kept(fixture.hub))
  }

  @Test func `places in feeds are bounded where history keeps the messages themselves`() {
    let fixture = Fixture {
      $0.historyCount = 10_000
      $0.retainedBytes = 100_000
    }
    // Each has a feed of its own.
    for number in 0..<100 {
      let (handle, _) = fixture.subscribe(["shared", "own\(number)"])
      fixture.sink[handle].room = 0
    }
    for _ in 0..<100 {
      fixture.publish("x", in: "shared")
      fixture.flush()
    }
    #expect(fixture.hub.counters.retainedBytes <= 100_000 && fixture.hub.isLedgerRight)
    // 4,800 bytes of places each.
    #expect(fixture.hub.counters.listeners == 100_000 / 4800)
  }

  @Test func `rooms that come and go leave nothing in the queue`() throws {
    let fixture = Fixture { $0.historyCount = 0 }
    for number in 0..<1000 {
      let (handle, token) = fixture.subscribe(["r\(number)"])
      fixture.sink[handle].room = 0
      fixture.publish("x", in: "r\(number)")
      fixture.publish("y", in: "r\(number)")
      fixture.flush()
      fixture.hub.remove(token, reason: .client)
    }
    #expect(fixture.hub.counters.rooms == 0 && fixture.hub.counters.retainedBytes == 0)
    #expect(fixture.hub.slowFeeds.count <= 17)
  }
}
