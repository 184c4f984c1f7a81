package import Events
internal import TextCoding

/// One event as a server writes it (WHATWG HTML 9.2.6, "Interpreting an event stream").
///
/// Every field is optional: an event with an id alone moves the listener's last event id without
/// being seen by its code, and one with `retry` alone sets its reconnection time.
package struct ServerSentEvent: Hashable, Sendable {
  /// The event's type; nil or "" leaves the listener's default, `message`.
  ///
  /// A CR or LF in it is written as a space, so that it can never begin another field. It is
  /// replaced, not trapped on: a type may come from a publisher, and one missed check at the door
  /// must not end the server for everybody.
  package var type: String?
  /// The id that a listener repeats as `Last-Event-ID`.
  package var id: EventID?
  /// The text; nil writes no data, so nothing is dispatched; "" is an event with empty text.
  ///
  /// A line ending in it (CR, LF or CRLF) reaches the listener as LF; all else passes untouched.
  package var data: String?
  /// How long a listener waits before it reconnects; written in whole milliseconds, rounded down,
  /// a negative one as 0.
  package var retry: Duration?

  package init(
    type: String? = nil, id: EventID? = nil, data: String? = nil, retry: Duration? = nil
  ) {
    self.type = type
    self.id = id
    self.data = data
    self.retry = retry
  }

  /// Appends the event with the blank line that ends it; an event without any field is nothing.
  ///
  /// - Returns: whether there is data, of one line; it stands at the end then, before two line feeds.
  @discardableResult
  package func encode(into bytes: inout [UInt8]) -> Bool {
    let start = bytes.count
    if let retry {
      bytes.append(contentsOf: "retry: ".utf8)
      bytes.append(decimal: Self.milliseconds(retry))
      bytes.append(Self.lineFeed)
    }
    if let type, !type.isEmpty {
      bytes.append(contentsOf: "event: ".utf8)
      bytes.append(contentsOf: type.utf8.lazy.map { Self.isLineEnd($0) ? UInt8(ascii: " ") : $0 })
      bytes.append(Self.lineFeed)
    }
    if let id {
      bytes.append(contentsOf: "id: ".utf8)
      id.encode(into: &bytes)
      bytes.append(Self.lineFeed)
    }
    var isOneLine = false
    if let data { isOneLine = Self.append(data, prefix: "data: ", to: &bytes) }
    if bytes.count > start { bytes.append(Self.lineFeed) }
    return isOneLine
  }

  /// How many bytes an event of this text alone takes at most: a CRLF is counted as two line ends.
  package static func maximumBytes(ofData text: some Sequence<UInt8>) -> Int {
    let perLine = "data: \n".utf8.count
    return text.reduce(perLine + 1) { $0 + (isLineEnd($1) ? perLine : 1) }
  }

  /// Appends a comment, which every listener ignores, and a blank line.
  ///
  /// Each line of `text` becomes a comment line, so no text can begin a field; "" gives `:`, the
  /// shortest heartbeat there is.
  package static func encodeComment(_ text: String = "", into bytes: inout [UInt8]) {
    if text.isEmpty {
      bytes.append(contentsOf: ":\n".utf8)
    } else {
      append(text, prefix: ": ", to: &bytes)
    }
    bytes.append(lineFeed)
  }
}

extension ServerSentEvent {
  private static let lineFeed = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")

  private static func isLineEnd(_ byte: UInt8) -> Bool {
    byte == lineFeed || byte == carriageReturn
  }

  /// Appends every line of `text` with `prefix` before it and LF behind it; returns whether it was one.
  @discardableResult
  private static func append(_ text: String, prefix: String, to bytes: inout [UInt8]) -> Bool {
    bytes.append(contentsOf: prefix.utf8)
    let start = bytes.count
    bytes.append(contentsOf: text.utf8)
    // Nearly every message is one line, which is now copied once and needs nothing more.
    let end = bytes[start...].firstIndex(where: isLineEnd)
    if let end {
      // A copy of the tail, since a slice would share all of `bytes` and so copy it on writing.
      let rest = Array(bytes[end...])
      bytes.removeLast(rest.count)
      append(linesAfterFirst: rest, prefix: prefix, to: &bytes)
    }
    bytes.append(lineFeed)
    return end == nil
  }

  /// Appends what follows the first line; `rest` begins with a line ending.
  private static func append(
    linesAfterFirst rest: [UInt8], prefix: String, to bytes: inout [UInt8]
  ) {
    var end = rest.startIndex
    while end < rest.endIndex {
      var start = end + 1
      if rest[end] == carriageReturn, start < rest.endIndex, rest[start] == lineFeed { start += 1 }
      end = rest[start...].firstIndex(where: isLineEnd) ?? rest.endIndex
      bytes.append(lineFeed)
      bytes.append(contentsOf: prefix.utf8)
      bytes.append(contentsOf: rest[start..<end])
    }
  }

  private static func milliseconds(_ duration: Duration) -> UInt64 {
    let (seconds, attoseconds) = duration.components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    let (whole, overflowed) = UInt64(seconds).multipliedReportingOverflow(by: 1000)
    let (sum, carried) = whole.addingReportingOverflow(UInt64(attoseconds) / 1_000_000_000_000_000)
    return overflowed || carried ? .max : sum
  }
}
