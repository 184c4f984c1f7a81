import EventStream
import Events
import Testing

@testable import Hub

/// Topics of any name, and listeners that follow more than rooms.
@Suite struct InterestTests {
  private let fixture = Fixture {
    $0.historyCount = 3
    $0.hasPatterns = true
  }
  private var hub: Hub { fixture.hub }

  private func numbers(_ handle: Int) throws -> [UInt64] { try fixture.received(handle).numbers }

  @Test func `a topic and a room of the same name are two`() throws {
    let room = fixture.listen(Interest([.topic(.room(RoomName("a")!))]))
    let topic = fixture.listen(Interest([.topic(.named("a"))]))
    fixture.publish([.room(RoomName("a")!)])
    fixture.publish([.named("a")])
    fixture.flush()
    #expect(try numbers(room.handle) == [1])
    #expect(try numbers(topic.handle) == [2])
    #expect(hub.counters.rooms == 1 && hub.counters.topics == 1)
  }

  @Test func `an event of several topics comes once, live and replayed`() throws {
    let interest = Interest([.topic(.named("a")), .topic(.named("b"))])
    let live = fixture.listen(interest)
    let alternate = fixture.listen(Interest([.topic(.named("c"))]))
    fixture.publish([.named("a"), .named("b"), .named("c")])
    fixture.publish([.named("b")])
    fixture.publish([.named("c"), .named("a"), .named("c")])
    fixture.flush()
    #expect(try numbers(live.handle) == [1, 2, 3])
    #expect(try numbers(alternate.handle) == [1, 3])
    #expect(try numbers(fixture.listen(interest, after: "e1-0").handle) == [1, 2, 3])
    #expect(hub.counters.historyEntries == 3 && hub.isLedgerRight)
  }

  @Test func `one that left the history of one topic is still in that of another`() throws {
    fixture.publish([.named("busy"), .named("quiet")])
    for _ in 0..<3 { fixture.publish([.named("busy")]) }
    #expect(hub.counters.historyEntries == 4 && hub.isLedgerRight)
    let quiet = fixture.listen(Interest([.topic(.named("quiet"))]), after: "e1-0")
    #expect(try numbers(quiet.handle) == [1])
    let busy = fixture.listen(Interest([.topic(.named("busy"))]), after: "e1-0")
    #expect(try numbers(busy.handle) == [2, 3, 4])
    #expect(
      try fixture.received(busy.handle).gaps
        == [#"{"topic":"busy","after":"e1-0","oldest":"e1-2","reason":"expired"}"#])
  }

  @Test func `a private event comes to who has a grant for one of its topics`() throws {
    let grants: [Set<Selector>] = [
      [], [.topic(.named("a"))], [.topic(.named("b"))], [.everything],
      [.pattern(AnyTopicPattern(Prefix(text: "b")))], [.topic(.named("c"))],
    ]
    let expected: [[UInt64]] = [[1], [1, 2], [1, 2], [1, 2], [1, 2], [1]]
    func interest(_ grants: Set<Selector>, _ selector: Selector) -> Interest {
      Interest([selector], grants: grants)
    }
    let selectors: [Selector] = [
      .topic(.named("a")), .everything, .pattern(AnyTopicPattern(Prefix(text: "a"))),
    ]
    for selector in selectors {
      let fixture = Fixture { $0.hasPatterns = true }
      let live = grants.map { fixture.listen(interest($0, selector)).handle }
      fixture.publish([.named("a"), .named("b")])
      fixture.publish([.named("a"), .named("b")], isPrivate: true)
      fixture.flush()
      for (place, numbers) in expected.enumerated() {
        #expect(try fixture.received(live[place]).numbers == numbers, "\(selector) \(place)")
        let late = fixture.listen(interest(grants[place], selector), after: "e1-0")
        #expect(try fixture.received(late.handle).numbers == numbers, "\(selector) \(place)")
      }
    }
  }

  @Test func `a pattern matches topics that are there and topics that come`() throws {
    fixture.publish([.named("news/1")])
    let interest = Interest([.pattern(AnyTopicPattern(Prefix(text: "news/")))])
    let live = fixture.listen(interest)
    let all = fixture.listen(Interest([.everything]))
    fixture.publish([.named("news/1")])
    fixture.publish([.named("news/2")])
    fixture.publish([.named("other")])
    fixture.publish([.named("other"), .named("news/3")])
    fixture.flush()
    #expect(try numbers(live.handle) == [2, 3, 5])
    #expect(try numbers(all.handle) == [2, 3, 4, 5])
    #expect(try numbers(fixture.listen(interest, after: "e1-0").handle) == [1, 2, 3, 5])
    #expect(
      try numbers(fixture.listen(Interest([.everything]), after: "e1-1").handle) == [2, 3, 4, 5])
    hub.remove(live.token, reason: .client)
    #expect(hub.feeds.count == 2)
  }

  @Test func `what a pattern doesn't want is passed in slices`() throws {
    let fixture = Fixture {
      $0.hasPatterns = true
      $0.historyCount = 20_000
    }
    fixture.publish([.named("wanted")])
    for _ in 0..<10_000 { fixture.publish([.named("other")]) }
    fixture.publish([.named("wanted")])
    let interest = Interest([.pattern(AnyTopicPattern(Prefix(text: "want")))])
    fixture.flushesOnSubscribe = false
    let late = fixture.listen(interest, after: "e1-0")
    var calls = 1
    while fixture.hub.flush(clock: { [now = fixture.now] in now }) { calls += 1 }
    #expect(try fixture.received(late.handle).numbers == [1, 10_002])
    // Four batches a visit, 2,000 looks each.
    #expect(calls == 2)
  }

  @Test func `those of the same interest share a feed`() {
    let one = Interest([.topic(.named("a")), .topic(.named("b"))])
    let other = Interest([.topic(.named("b")), .topic(.named("a"))])
    for interest in [one, other, one] { fixture.listen(interest) }
    #expect(hub.feeds.count == 1)
    fixture.listen(Interest(one.selectors, grants: [.topic(.named("a"))]))
    fixture.listen(Interest([.topic(.named("a"))], grants: [.topic(.named("b"))]))
    #expect(hub.feeds.count == 3)
    let wide = Interest([.pattern(AnyTopicPattern(Prefix(text: "a")))])
    for _ in 0..<2 { fixture.listen(wide) }
    #expect(hub.feeds.count == 4)
  }
}

/// The bounds of topics that are no rooms.
@Suite struct TopicBoundTests {
  private func fixture(topics: Int = 3, bytes: Int = 1000) -> Fixture {
    Fixture {
      $0.maximumTopics = topics
      $0.topicNameBytes = bytes
      $0.maximumRooms = 1
    }
  }

  @Test func `the one that was silent longest makes room, and is remembered`() throws {
    let fixture = fixture()
    for name in ["a", "b", "c", "a"] { fixture.publish([.named(name)]) }
    fixture.publish([.named("d")])
    #expect(Set(fixture.hub.table.topics.map(\.topic)) == [.named("a"), .named("c"), .named("d")])
    for (name, known, isLost) in [("b", 1, true), ("b", 2, false), ("a", 0, false)] {
      let stream = fixture.listen(Interest([.topic(.named(name))]), after: "e1-\(known)")
      #expect(try fixture.received(stream.handle).gaps.count == (isLost ? 1 : 0), "\(name)")
      fixture.hub.remove(stream.token, reason: .client)
    }
  }

  @Test func `with listeners on all of them there is no place, and rooms have their own`() throws {
    let fixture = fixture()
    let streams = ["a", "b", "c"].map { fixture.listen(Interest([.topic(.named($0))])) }
    #expect(!fixture.hub.hasPlaces(for: Interest([.topic(.named("d"))])))
    #expect(!fixture.append([.named("d")]))
    #expect(!fixture.append([.named("a"), .named("d")]))
    #expect(fixture.hub.newest == 0 && fixture.hub.counters.published == 0)
    #expect(fixture.append([.room(RoomName("r")!)]))
    #expect(!fixture.append([.room(RoomName("s")!)]))
    fixture.hub.remove(streams[1].token, reason: .client)
    #expect(fixture.hub.hasPlaces(for: Interest([.topic(.named("d"))])))
    #expect(fixture.append([.named("a"), .named("d")]))
    #expect(fixture.hub.counters.topics == 3)
  }

  @Test func `names are bounded by their bytes`() throws {
    let fixture = fixture(topics: 1000, bytes: 1000)
    for number in 0..<50 {
      fixture.publish([.named(String(repeating: "x", count: 100) + "\(number % 20)")])
    }
    #expect(fixture.hub.table.nameBytes <= 1000 && fixture.hub.counters.topics == 9)
    let long = Topic.named(String(repeating: "y", count: 1001))
    #expect(!fixture.append([long]))
    #expect(!fixture.hub.hasPlaces(for: Interest([.topic(long)])))
  }

  @Test func `a pattern keeps no topic alive`() throws {
    let fixture = Fixture {
      $0.maximumTopics = 2
      $0.hasPatterns = true
    }
    let stream = fixture.listen(Interest([.pattern(AnyTopicPattern(Prefix(text: "t")))]))
    for number in 1...10 { fixture.publish([.named("t\(number)")]) }
    fixture.flush()
    #expect(try fixture.received(stream.handle).numbers == Array(1...10))
    #expect(fixture.hub.counters.topics == 2)
    #expect(fixture.hub.feeds.all.allSatisfy { $0.links.count == 2 })
  }

  @Test func `topics that come and go leave nothing behind`() {
    let fixture = fixture(topics: 5)
    for number in 0..<1000 {
      let stream = fixture.listen(Interest([.topic(.named("t\(number)"))]))
      fixture.publish([.named("t\(number)")])
      fixture.flush()
      fixture.hub.remove(stream.token, reason: .client)
    }
    #expect(fixture.hub.counters.topics == 5 && fixture.hub.feeds.count == 0)
    #expect(fixture.hub.queuedForEviction <= 26 && fixture.hub.isLedgerRight)
  }
}
