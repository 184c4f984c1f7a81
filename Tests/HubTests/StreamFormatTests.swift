import EventStream
import Events
import TestSupport
import Testing

@testable import Hub

@Suite struct StreamFormatTests {
  private let fixture = Fixture()
  private let chat = Interest(rooms: [RoomName("chat")!])

  private func append(_ change: (inout Event) -> Void) {
    var event = Event.said("小明\n\"hi\"", by: "Ann", key: "k1")
    change(&event)
    fixture.hub.append(event, number: fixture.hub.newest + 1, now: fixture.now)
  }

  @Test func `an event comes as JSON, live and replayed, with what it has`() throws {
    let live = fixture.listen(chat, as: .json)
    append { _ in }
    append {
      $0.type = "alarm"
      $0.sender = Sender(name: "Bo", id: SenderID("0123456789abcdef")!)
      $0.key = nil
    }
    append { $0.sender = nil }
    fixture.flush()
    let time = #""time":"2026-11-30T23:05:07.042Z""#
    let text = #""text":"小明\u000A\"hi\"""#
    let expected = [
      #"{"id":"e1-1","room":"chat","type":"message",\#(time),"#
        + #""sender":{"name":"Ann","id":null},"key":"k1",\#(text)}"#,
      #"{"id":"e1-2","room":"chat","type":"alarm",\#(time),"#
        + #""sender":{"name":"Bo","id":"0123456789abcdef"},"key":null,\#(text)}"#,
      #"{"id":"e1-3","room":"chat","type":"message",\#(time),"sender":null,"key":"k1",\#(text)}"#,
    ]
    let late = fixture.listen(chat, as: .json, after: "e1-0")
    for stream in [live, late] {
      let events = try fixture.received(stream.handle).events
      #expect(events.map(\.data) == expected)
      #expect(events.map(\.type) == ["message", "alarm", "message"])
      #expect(events.map(\.lastEventID) == ["e1-1", "e1-2", "e1-3"])
    }
    #expect(fixture.hub.isLedgerRight && fixture.hub.counters.retainedBytes == 0)
  }

  @Test func `both formats of one room are sent side by side, and cost nothing once they are`()
    throws
  {
    let json = fixture.listen(chat, as: .json)
    let text = fixture.listen(chat)
    let slow = fixture.listen(chat, as: .json)
    fixture.sink[slow.handle].room = 10
    for _ in 0..<5 { append { _ in } }
    fixture.flush()
    #expect(fixture.hub.feeds.count == 2)
    #expect(fixture.hub.counters.retainedBytes > 0 && fixture.hub.isLedgerRight)
    fixture.sink[slow.handle].room = nil
    fixture.resume(slow.token)
    #expect(try fixture.received(text.handle).texts == Array(repeating: "小明\n\"hi\"", count: 5))
    for stream in [json, slow] {
      #expect(try fixture.received(stream.handle).numbers == [1, 2, 3, 4, 5])
    }
    #expect(fixture.hub.counters.retainedBytes == 0 && fixture.hub.underway == 0)
  }

  @Test func `what has no id has none, and an event of topics names them`() throws {
    let fixture = Fixture()
    let room = fixture.listen(chat, as: .json)
    fixture.publishStray("plain")
    fixture.flush()
    let line = try #require(try fixture.received(room.handle).events.first)
    #expect(line.data.hasPrefix(#"{"id":null,"room":"chat","type":"message","time":"#))
    #expect(line.data.hasSuffix(#","sender":null,"key":null,"text":"plain"}"#))
    let topics = fixture.listen(Interest([.topic(.named("b"))]), as: .json)
    fixture.publish([.named("a/1"), .named("b")])
    fixture.flush()
    let event = try #require(try fixture.received(topics.handle).events.first)
    #expect(event.data.hasPrefix(#"{"id":"e1-1","topics":["a/1","b"],"#))
  }
}

@Suite struct DeadlineTests {
  private let chat = Interest(rooms: [RoomName("chat")!])

  @Test func `a stream ends at its deadline with what it lacks, and one that is behind is cut`()
    throws
  {
    let fixture = Fixture { $0.listenerLag = .seconds(100) }
    let end = fixture.now + .seconds(60)
    let other = fixture.listen(chat)
    let timed = fixture.listen(chat, identity: StreamIdentity("ann"), deadline: end)
    let slow = fixture.listen(chat, deadline: end)
    fixture.sink[slow.handle].room = 5
    fixture.pass(.seconds(59))
    fixture.publish("a")
    fixture.flush()
    #expect(fixture.hub.counters.listeners == 3)
    #expect(fixture.hub.identity(of: timed.token) == StreamIdentity("ann"))
    #expect(fixture.hub.identity(of: other.token) == nil)
    fixture.publish("b")
    fixture.pass(.seconds(2))
    fixture.flush()
    #expect(fixture.hub.counters.closed(.expired) == 2 && fixture.hub.counters.listeners == 1)
    let received = try fixture.received(timed.handle)
    #expect(received.texts == ["a", "b"] && received.hasEnded)
    #expect(!fixture.sink[other.handle].isClosed && fixture.hub.identity(of: timed.token) == nil)
    // The next one in its place has no deadline.
    let next = fixture.listen(chat)
    fixture.pass(.seconds(100))
    #expect(!fixture.sink[next.handle].isClosed)
  }

  @Test func `thousands that end at once end in slices`() {
    let fixture = Fixture()
    for _ in 0..<1000 { fixture.listen(chat, deadline: fixture.now + .seconds(1)) }
    fixture.advance(.seconds(2))
    var calls = 1
    var before = 0
    while fixture.hub.flush(clock: { [now = fixture.now] in now }) {
      let closed = fixture.hub.counters.closed(.expired)
      #expect(closed - before <= 2 * FanOutBudget().closings)
      before = closed
      calls += 1
    }
    #expect(fixture.hub.counters.closed(.expired) == 1000)
    #expect(calls == 1000 / FanOutBudget().closings)
  }

  @Test func `deadlines of streams that are gone are forgotten`() {
    let fixture = Fixture()
    for _ in 0..<1000 {
      let stream = fixture.listen(
        chat, identity: StreamIdentity("x"), deadline: fixture.now + .seconds(1000))
      fixture.hub.remove(stream.token, reason: .client)
    }
    #expect(fixture.hub.deadlines.count <= 18 && fixture.hub.identities.isEmpty)
  }
}
