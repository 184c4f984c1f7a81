import EventStream
import Events
import TestSupport
import Testing

@Suite struct ServerSentEventTests {
  private func encoded(_ event: ServerSentEvent) -> String {
    var bytes: [UInt8] = []
    event.encode(into: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  private func comment(_ text: String) -> String {
    var bytes: [UInt8] = []
    ServerSentEvent.encodeComment(text, into: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func `the fields come in the order retry, event, id, data`() {
    let event = ServerSentEvent(
      type: "gap", id: EventID("e-7"), data: "x", retry: .seconds(2))
    #expect(encoded(event) == "retry: 2000\nevent: gap\nid: e-7\ndata: x\n\n")
  }

  @Test func `an event is appended to what is there`() {
    var bytes = Array(":\n\n".utf8)
    ServerSentEvent(data: "a\nb").encode(into: &bytes)
    #expect(String(decoding: bytes, as: UTF8.self) == ":\n\ndata: a\ndata: b\n\n")
  }

  @Test(arguments: [
    ("a", "data: a\n\n"), ("", "data: \n\n"), (" a", "data:  a\n\n"),
    ("a\nb", "data: a\ndata: b\n\n"), ("a\rb", "data: a\ndata: b\n\n"),
    ("a\r\nb", "data: a\ndata: b\n\n"), ("a\n\rb", "data: a\ndata: \ndata: b\n\n"),
    ("a\n", "data: a\ndata: \n\n"), ("a\r\n", "data: a\ndata: \n\n"),
    ("\n", "data: \ndata: \n\n"), ("\r\r\n\n", "data: \ndata: \ndata: \ndata: \n\n"),
    ("x\nid: 9\n\ndata: y", "data: x\ndata: id: 9\ndata: \ndata: data: y\n\n"),
  ])
  func `every line of the text is a data line`(text: String, expected: String) {
    #expect(encoded(ServerSentEvent(data: text)) == expected)
  }

  @Test(arguments: [
    ("", 0), ("a", 0), ("\n", 0), ("a\nb\rc", 0), ("\r\r\n\n", 1), ("\r\n\r\n", 2),
    (String(repeating: "\n", count: 1000), 0),
  ])
  func `the most bytes of a text are known before it is encoded`(text: String, pairs: Int) {
    let most = ServerSentEvent.maximumBytes(ofData: text.utf8)
    #expect(encoded(ServerSentEvent(data: text)).utf8.count == most - 7 * pairs)
  }

  @Test(arguments: [
    "\u{2028}", "\u{2029}", "\u{85}", "\u{B}", "\u{C}", "\u{1C}", "\u{0}", "\u{FEFF}",
  ])
  func `only CR and LF end a line`(separator: String) {
    let event = ServerSentEvent(data: "a\(separator)b")
    #expect(encoded(event) == "data: a\(separator)b\n\n")
  }

  @Test func `an id alone is written without data`() {
    #expect(encoded(ServerSentEvent(id: EventID("e-1"))) == "id: e-1\n\n")
  }

  @Test func `an event without any field is nothing`() {
    #expect(encoded(ServerSentEvent()) == "")
    #expect(encoded(ServerSentEvent(type: "")) == "")
  }

  @Test(arguments: [
    (Duration.zero, "0"), (.milliseconds(1), "1"), (.microseconds(1999), "1"),
    (.seconds(31_536_000), "31536000000"), (.seconds(-5), "0"), (.milliseconds(-1), "0"),
    (.seconds(Int64.max), "18446744073709551615"),
  ])
  func `retry is whole milliseconds in digits`(retry: Duration, digits: String) {
    #expect(encoded(ServerSentEvent(retry: retry)) == "retry: \(digits)\n\n")
  }

  @Test(arguments: ["x\ndata: y", "x\rdata: y", "x\r\ndata: y", "x\n\ndata: y", "\n", "\r"])
  func `a type cannot forge a field`(type: String) throws {
    var bytes: [UInt8] = []
    ServerSentEvent(type: type, data: "real").encode(into: &bytes)
    var decoder = EventStreamDecoder()
    var events: [DecodedEvent] = []
    try decoder.decode(bytes) { events.append($0) }
    #expect(events.map(\.data) == ["real"])
    let spaces = type.unicodeScalars.map { "\r\n".unicodeScalars.contains($0) ? " " : "\($0)" }
    // The decoder takes one space for the separator, and the encoder wrote that one itself.
    #expect(events.map(\.type) == [spaces.joined()])
  }

  @Test(arguments: [
    ("", ":\n\n"), ("hi", ": hi\n\n"), ("a\ndata: b", ": a\n: data: b\n\n"),
    ("a\r\rdata: b\r\n", ": a\n: \n: data: b\n: \n\n"), ("\n", ": \n: \n\n"),
  ])
  func `every line of a comment is a comment`(text: String, expected: String) {
    #expect(comment(text) == expected)
  }

  @Test func `a comment is never an event`() throws {
    var generator = SplitMix64(seed: 3)
    for _ in 0..<500 {
      let pieces = ["data: x", "\n", "\r", "\r\n", "id: 1", " ", ":", "a"]
      let text = (0..<8).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
      var decoder = EventStreamDecoder()
      var events = 0
      try decoder.decode(Array(comment(text).utf8)) { _ in events += 1 }
      #expect(events == 0)
      #expect(decoder.lastEventID == "")
    }
  }
}
