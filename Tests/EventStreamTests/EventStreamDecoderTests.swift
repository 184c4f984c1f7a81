import EventStream
import Events
import TestSupport
import Testing

/// A stream's bytes and the events it must give.
struct Vector: Sendable, CustomTestStringConvertible {
  var name: String
  var bytes: [UInt8]
  var events: [DecodedEvent]

  init(_ stream: String, _ events: DecodedEvent...) {
    self.init(stream.debugDescription, bytes: Array(stream.utf8), events)
  }

  init(_ name: String, bytes: [UInt8], _ events: [DecodedEvent]) {
    self.name = name
    self.bytes = bytes
    self.events = events
  }

  var testDescription: String { name }

  private static let bom = "\u{FEFF}"

  /// What WHATWG HTML 9.2.6 says of streams that implementations disagreed on.
  static let all: [Vector] = [
    Vector("data: a\rdata: b\r\r", DecodedEvent(data: "a\nb")),
    Vector("data: a\r\ndata: b\r\n\r\n", DecodedEvent(data: "a\nb")),
    Vector("data: a\rdata: b\ndata: c\r\n\r\n", DecodedEvent(data: "a\nb\nc")),
    Vector("\(bom)data: x\n\n", DecodedEvent(data: "x")),
    Vector("\(bom)\n\(bom)data: x\n\ndata: y\n\n", DecodedEvent(data: "y")),
    Vector("\(bom)\(bom)data: x\n\ndata: y\n\n", DecodedEvent(data: "y")),
    Vector("data: a\u{2028}b\n\n", DecodedEvent(data: "a\u{2028}b")),
    Vector("data: a\u{85}b\n\n", DecodedEvent(data: "a\u{85}b")),
    Vector("data: a\u{B}b\n\n", DecodedEvent(data: "a\u{B}b")),
    Vector("data: a\u{C}b\n\n", DecodedEvent(data: "a\u{C}b")),
    Vector("data: a\u{1C}b\n\n", DecodedEvent(data: "a\u{1C}b")),
    Vector("data: a\u{0}b\n\n", DecodedEvent(data: "a\u{0}b")),
    Vector("data\n\ndata: end\n\n", DecodedEvent(data: ""), DecodedEvent(data: "end")),
    Vector("data:\ndata:\n\n", DecodedEvent(data: "\n")),
    Vector("data:\n\n", DecodedEvent(data: "")),
    Vector(
      "id: 1\ndata: x\n\nid: a\u{0}b\ndata: y\n\n",
      DecodedEvent(data: "x", lastEventID: "1", namesID: true),
      DecodedEvent(data: "y", lastEventID: "1")),
    Vector(
      "id: 1\ndata: x\n\nid\ndata: y\n\n",
      DecodedEvent(data: "x", lastEventID: "1", namesID: true),
      DecodedEvent(data: "y", namesID: true)),
    Vector(
      "id: 1\ndata: x\n\ndata: y\n\n",
      DecodedEvent(data: "x", lastEventID: "1", namesID: true),
      DecodedEvent(data: "y", lastEventID: "1")),
    Vector("data:  x\n\n", DecodedEvent(data: " x")),
    Vector("data:x\n\n", DecodedEvent(data: "x")),
    Vector("data:\tx\n\n", DecodedEvent(data: "\tx")),
    Vector("event: foo\nid: 9\n\ndata: x\n\n", DecodedEvent(data: "x", lastEventID: "9")),
    Vector("event:\ndata: x\n\n", DecodedEvent(data: "x")),
    Vector(
      "event: foo\ndata: x\n\ndata: y\n\n",
      DecodedEvent(type: "foo", data: "x"), DecodedEvent(data: "y")),
    Vector("data: x\nevent: a\nevent: b\n\n", DecodedEvent(type: "b", data: "x")),
    Vector("data: x\n\ndata: y\n", DecodedEvent(data: "x")),
    Vector("data: x\n\ndata: y", DecodedEvent(data: "x")),
    Vector("DATA: no\n\n data: no\n\ndatas: no\n\ndat: no\n\nfoo: bar\n\n"),
    Vector("data: a: b\n\n", DecodedEvent(data: "a: b")),
    Vector("data: a\u{FFFD}b\n\n", DecodedEvent(data: "a\u{FFFD}b")),
    Vector(
      "data: a<FF>b", bytes: Array("data: a".utf8) + [0xFF] + Array("b\n\n".utf8),
      [DecodedEvent(data: "a\u{FFFD}b")]),
    Vector(
      "a cut character before a line end",
      bytes: Array("data: ".utf8) + [0xF0, 0x9F, 0x98, 0x0A] + Array("data: x\n\n".utf8),
      [DecodedEvent(data: "\u{FFFD}\nx")]),
    Vector(
      "a surrogate and an overlong NUL",
      bytes: Array("data: ".utf8) + [0xED, 0xA0, 0x80, 0x20, 0xC0, 0x80] + Array("\n\n".utf8),
      [DecodedEvent(data: "\u{FFFD}\u{FFFD}\u{FFFD} \u{FFFD}\u{FFFD}")]),
    Vector(": hi\n\n:\ndata: x\n\n", DecodedEvent(data: "x")),
    Vector("\n\r\r\n\n"),
    Vector(""),
    Vector("data: 😀聊天\n\n", DecodedEvent(data: "😀聊天")),
  ]
}

@Suite struct EventStreamDecoderTests {
  private func decoded(_ chunks: [[UInt8]]) throws(EventStreamError) -> [DecodedEvent] {
    var decoder = EventStreamDecoder()
    var events: [DecodedEvent] = []
    for chunk in chunks { try decoder.decode(chunk) { events.append($0) } }
    return events
  }

  @Test(arguments: Vector.all)
  func `a stream in one piece gives its events`(vector: Vector) throws {
    #expect(try decoded([vector.bytes]) == vector.events)
  }

  @Test(arguments: Vector.all)
  func `a stream in single bytes gives the same events`(vector: Vector) throws {
    #expect(try decoded(vector.bytes.map { [$0] }) == vector.events)
  }

  @Test(arguments: Vector.all)
  func `a stream cut at any two places gives the same events`(vector: Vector) throws {
    for first in 0...vector.bytes.count {
      for second in first...vector.bytes.count {
        let chunks = [
          Array(vector.bytes[..<first]), Array(vector.bytes[first..<second]),
          Array(vector.bytes[second...]),
        ]
        #expect(try decoded(chunks) == vector.events, "cut at \(first) and \(second)")
      }
    }
  }

  @Test func `a CR alone ends a line without waiting for what follows`() throws {
    var decoder = EventStreamDecoder()
    var events: [DecodedEvent] = []
    try decoder.decode(Array("data: x\r\r".utf8)) { events.append($0) }
    #expect(events.map(\.data) == ["x"])
    try decoder.decode(Array("\ndata: y\r\n\r".utf8)) { events.append($0) }
    #expect(events.map(\.data) == ["x", "y"])
    try decoder.decode([]) { events.append($0) }
    try decoder.decode(Array("\n\ndata: z\n\n".utf8)) { events.append($0) }
    #expect(events.map(\.data) == ["x", "y", "z"])
  }

  @Test(arguments: [
    ("retry: 2500", 2500), ("retry:0", 0), ("retry: 007", 7), ("retry", nil), ("retry:", nil),
    ("retry: 1.5", nil), ("retry: -1", nil), ("retry: +1", nil), ("retry: 1 ", nil),
    ("retry:  1", nil), ("retry: 1e3", nil), ("retry: ١", nil),
    ("retry: 99999999999999999999999", Int64.max),
  ])
  func `only digits set the reconnection time`(line: String, milliseconds: Int64?) throws {
    var decoder = EventStreamDecoder()
    try decoder.decode(Array("\(line)\n".utf8)) { _ in }
    #expect(decoder.reconnectionTime == milliseconds.map { .milliseconds($0) })
  }

  @Test func `a bad retry keeps the time that was set`() throws {
    var decoder = EventStreamDecoder()
    try decoder.decode(Array("retry: 10\nretry: x\nretry\n\n".utf8)) { _ in }
    #expect(decoder.reconnectionTime == .milliseconds(10))
  }

  @Test func `the id to reconnect with is that of the last ended block`() throws {
    var decoder = EventStreamDecoder()
    try decoder.decode(Array("id: 1\ndata: x\n\nid: 2\ndata: y\n".utf8)) { _ in }
    #expect(decoder.lastEventID == "1")
    try decoder.decode([0x0A]) { _ in }
    #expect(decoder.lastEventID == "2")
  }

  @Test func `comments are counted`() throws {
    var decoder = EventStreamDecoder()
    try decoder.decode(Array(":\n\n: a\r:b\r\ndata: :\n\n".utf8)) { _ in }
    #expect(decoder.comments == 3)
  }

  @Test(arguments: [1, 7, 4096])
  func `a line that never ends is refused at the limit`(chunk: Int) throws {
    var decoder = EventStreamDecoder(maximumEventBytes: 1000)
    let bytes = [UInt8](repeating: UInt8(ascii: ":"), count: chunk)
    #expect(throws: EventStreamError.eventTooLarge(maximumEventBytes: 1000)) {
      for _ in 0...1000 / chunk { try decoder.decode(bytes) { _ in } }
    }
    #expect(throws: EventStreamError.eventTooLarge(maximumEventBytes: 1000)) {
      try decoder.decode(Array("\ndata: x\n\n".utf8)) { _ in }
    }
  }

  @Test func `an event of many lines is refused at the limit, and one at the limit passes`() throws
  {
    let line = "data: 123456789\n"
    var decoder = EventStreamDecoder(maximumEventBytes: 99)
    var events = 0
    // Ten lines of nine bytes and nine line feeds between them.
    let fitting = String(repeating: line, count: 10) + "\n"
    try decoder.decode(Array(fitting.utf8)) { _ in events += 1 }
    #expect(events == 1)
    #expect(throws: EventStreamError.self) {
      try decoder.decode(Array(String(repeating: line, count: 11).utf8)) { _ in events += 1 }
    }
    #expect(events == 1)
  }

  @Test func `a reader that skipped events goes on from the id it was told`() throws {
    var decoder = EventStreamDecoder()
    var events: [DecodedEvent] = []
    try decoder.decode(Array("id: 1\ndata: x\n\n".utf8)) { events.append($0) }
    decoder.resume(after: "5")
    #expect(decoder.lastEventID == "5" && decoder.isBetweenEvents)
    try decoder.decode(Array("event: ping\ndata: y\n\n".utf8)) { events.append($0) }
    #expect(
      events == [
        DecodedEvent(data: "x", lastEventID: "1", namesID: true),
        DecodedEvent(type: "ping", data: "y", lastEventID: "5"),
      ])
  }

  @Test func `fields without a known name are ignored, and counted`() throws {
    var decoder = EventStreamDecoder()
    try decoder.decode(Array(": c\ndbta: x\n\nretry: 5\nfoo\nid: 1\ndata: x\n\n".utf8)) { _ in }
    #expect(decoder.unknownFields == 2 && decoder.comments == 1)
  }

  @Test func `what is encoded is decoded, however it is cut`() throws {
    let alphabet = [
      "a", "b", " ", ":", "data", "id: 1", "\n", "\r", "\r\n", "\u{0}", "\u{2028}", "\u{85}", "😀",
      "é", "\u{FEFF}", "聊", "👩‍👩‍👧", "\u{B}",
    ]
    let epoch = try #require(Epoch("e"))
    for seed in 0..<300 as Range<UInt64> {
      var generator = SplitMix64(seed: seed)
      var bytes: [UInt8] = []
      var expected: [DecodedEvent] = []
      for number in 1...10 as ClosedRange<UInt64> {
        let length = Int.random(in: 0..<12, using: &generator)
        let text = (0..<length).map { _ in alphabet.randomElement(using: &generator) ?? "" }
          .joined()
        let id = EventID(epoch: epoch, number: number)
        let type = Bool.random(using: &generator) ? "t" : nil
        ServerSentEvent(type: type, id: id, data: text).encode(into: &bytes)
        if Bool.random(using: &generator) { ServerSentEvent.encodeComment(text, into: &bytes) }
        expected.append(
          DecodedEvent(
            type: type ?? "message", data: Self.normalised(text), lastEventID: id.description,
            namesID: true))
      }
      var chunks: [[UInt8]] = []
      var rest = bytes[...]
      while !rest.isEmpty {
        let size = Int.random(in: 1...40, using: &generator)
        chunks.append(Array(rest.prefix(size)))
        rest = rest.dropFirst(size)
      }
      #expect(try decoded(chunks) == expected, "seed \(seed)")
    }
  }

  /// `text` with every line ending as LF, told apart by scalars and not by the code under test.
  private static func normalised(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    var previous: Unicode.Scalar?
    for scalar in text.unicodeScalars {
      if scalar == "\n", previous == "\r" {
        // The CR has become the LF already.
      } else {
        result.append(scalar == "\r" ? "\n" : scalar)
      }
      previous = scalar
    }
    return String(result)
  }
}
