import Events
import TestSupport
import Testing

@Suite struct EventCodecTests {
  private static let full: Event = {
    var event = Event.said("a\nb 🔔", by: "小明", key: "k-1")
    event.keyScope = KeyScope(address: "192.0.2.1", payer: "192.0.2.1")
    event.topics.append(.topic(TopicName("https://example.org/books/{id}")!))
    event.type = "update"
    event.id = PublisherID("urn:uuid:1")
    event.retry = .milliseconds(2500)
    event.sender?.id = SenderID("0123456789_-abAB")
    event.isPrivate = true
    event.isChat = true
    return event
  }()

  static let events: [Event] = [
    .said(""), .said("x"), .said("x", by: ""), .said("x", key: ""), full,
    Event(
      .topic(TopicName(String(repeating: "ü", count: 2048))!), "",
      time: EventTime(milliseconds: .max)),
    .said(String(repeating: "x", count: 20_000)),
  ]

  @Test(arguments: events) func `what is written is read`(event: Event) {
    #expect(Event(encoded: event.encoded[...]) == event)
    var head: [UInt8] = []
    event.encodeHead(into: &head)
    #expect(Event(head: head[...], data: Array(event.data.utf8)[...]) == event)
    // A slice is read where it stands.
    #expect(Event(encoded: ([0, 0] + event.encoded)[2...]) == event)
  }

  @Test(arguments: events) func `an event cut anywhere, or with more behind it, is none`(
    event: Event
  ) {
    let bytes = event.encoded
    for count in Set(0..<min(bytes.count, 400)).union([bytes.count - 1]) {
      #expect(Event(encoded: bytes[..<count]) == nil, "\(count)")
    }
    #expect(Event(encoded: (bytes + [0])[...]) == nil)
  }

  @Test func `the bytes are these`() {
    let event = Event.said("hi", by: "Ann", key: "k")
    let time: [UInt8] = [0, 0, 1, 0xA2, 0x2E, 0x3A, 0x4C, 0xA2]
    let milliseconds = time.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    var dated = Event(.room(RoomName("chat")!), "hi", time: EventTime(milliseconds: milliseconds))
    (dated.sender, dated.key) = (event.sender, event.key)
    #expect(
      dated.encoded == [1, 0b0010_1000] + time + [1, 0, 4] + Array("chat".utf8) + [3]
        + Array("Ann".utf8) + [0, 1] + Array("k".utf8) + [2] + Array("hi".utf8))
    dated.sender = nil
    dated.keyScope = KeyScope(address: "192.0.2.1", payer: "192.0.2.1")
    #expect(
      dated.encoded == [1, 0b0010_0000] + time + [1, 0, 4] + Array("chat".utf8) + [11]
        + Array("a/192.0.2.1".utf8) + [1] + Array("k".utf8) + [2] + Array("hi".utf8))
  }

  @Test func `another version, and what encode never writes, is none`() {
    let bytes = Event.said("hi").encoded
    #expect(Event(encoded: [2] + bytes[1...]) == nil)
    // No topic; a topic of no kind; no name of a room; a sender's id without a sender.
    let start = Array(bytes[..<10])
    for rest: [UInt8] in [[0, 0], [1, 2, 1, 0x61, 0], [1, 0, 1, 0x20, 0], [1, 1, 0, 0]] {
      #expect(Event(encoded: (start + rest)[...]) == nil)
    }
    var flags = bytes
    flags[1] = 0b0001_0000
    #expect(Event(encoded: flags[...]) == nil)
    // A length with a byte too many, and one beyond 64 bits.
    let name = Array("\u{4}chat".utf8)
    #expect(Event(encoded: (start + [1, 0] + name + [0x80, 0])[...]) == nil)
    #expect(
      Event(encoded: (start + [1, 0] + name + [UInt8](repeating: 0xFF, count: 9) + [2])[...]) == nil
    )
    // A time to wait that would not be written as it was read.
    for milliseconds: Int64 in [1 << 53, (1 << 53) + 2, .max] {
      var slow = Event.said("hi")
      slow.retry = .milliseconds(milliseconds)
      #expect((Event(encoded: slow.encoded[...]) != nil) == (milliseconds == 1 << 53))
    }
    // No UTF-8.
    #expect(Event(encoded: (start + [1, 0] + name + [1, 0xFF])[...]) == nil)
  }

  @Test func `random bytes end nothing`() {
    var random = SplitMix64(seed: 14)
    let bytes = Self.full.encoded
    for _ in 0..<20_000 {
      var changed = bytes
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        changed[Int.random(in: changed.indices, using: &random)] = .random(
          in: 0...255, using: &random)
      }
      // Strict: what is read is what would be written.
      if let event = Event(encoded: changed[...]) { #expect(event.encoded == changed) }
    }
  }
}
