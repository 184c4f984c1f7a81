internal import TextCoding

/// Reads a stream of events as `EventSource` does (WHATWG HTML 9.2.6), from bytes cut anywhere.
///
/// A line that lies whole in one piece of input is read where it lies; only what a cut leaves over
/// is kept, so every byte is looked at once and copied at most twice. An event is handed out at
/// the line ending that completes it, also when that is a CR whose LF is yet to come.
package struct EventStreamDecoder {
  /// The most bytes that one line, and one event's type, id and data together, may have.
  package let maximumEventBytes: Int
  /// The last reconnection time the stream asked for; one past `Int64.max` ms is cut to that.
  package private(set) var reconnectionTime: Duration?
  /// The id to reconnect with: that of the last block which a blank line ended, "" for none.
  package private(set) var lastEventID = ""
  /// How many comment lines were read.
  package private(set) var comments = 0
  /// How many fields were ignored because the standard knows no such name.
  package private(set) var unknownFields = 0

  /// The beginning of a line whose end has not come yet.
  private var line: [UInt8] = []
  /// The data of the event being read; nil until its first `data` line.
  private var data: String?
  private var type = ""
  /// The id that the next blank line makes the last event id; outlives the event.
  private var id = ""
  /// Whether an id stood in the event being read.
  private var namesID = false
  /// A CR ended the input's last line, so a LF that comes next belongs to it.
  private var endedInCarriageReturn = false
  private var isFirstLine = true
  private var failure: EventStreamError?

  /// Whether what was read ends with a whole event, so that nothing of the next one is kept.
  package var isBetweenEvents: Bool {
    line.isEmpty && data == nil && type.isEmpty && !namesID && !endedInCarriageReturn
      && id == lastEventID
  }

  /// - Parameter maximumEventBytes: at least 1; 16 MiB unless told, which is far more than a
  ///   message and far less than a reader's memory.
  package init(maximumEventBytes: Int = 16 << 20) {
    precondition(maximumEventBytes > 0)
    self.maximumEventBytes = maximumEventBytes
  }

  /// Makes `id` the last one: a reader that recognised events by other means has come to it.
  ///
  /// Only between events.
  package mutating func resume(after id: String) {
    precondition(isBetweenEvents)
    lastEventID = id
    self.id = id
  }

  /// Reads the next bytes of the stream and hands over each event they complete, in order.
  ///
  /// Throws when an event exceeds `maximumEventBytes`; then the stream is lost, and every further
  /// call throws the same.
  package mutating func decode(
    _ bytes: Span<UInt8>, onEvent: (DecodedEvent) -> Void
  ) throws(EventStreamError) {
    if let failure { throw failure }
    var start = 0
    if endedInCarriageReturn, !bytes.isEmpty {
      endedInCarriageReturn = false
      if bytes[0] == UInt8(ascii: "\n") { start = 1 }
    }
    while let end = Self.lineEnd(in: bytes, from: start) {
      try endLine(bytes.extracting(start..<end), onEvent: onEvent)
      start = end + 1
      guard bytes[end] == UInt8(ascii: "\r") else { continue }
      if start == bytes.count {
        endedInCarriageReturn = true
      } else if bytes[start] == UInt8(ascii: "\n") {
        start += 1
      }
    }
    try keep(bytes.extracting(start..<bytes.count))
  }

  /// Reads the next bytes of the stream, as `decode(_:onEvent:)` of a span does.
  package mutating func decode(
    _ bytes: [UInt8], onEvent: (DecodedEvent) -> Void
  ) throws(EventStreamError) {
    try decode(bytes.span, onEvent: onEvent)
  }
}

// MARK: - Lines

extension EventStreamDecoder {
  private static func lineEnd(in bytes: Span<UInt8>, from start: Int) -> Int? {
    var index = start
    while index < bytes.count {
      let byte = bytes[index]
      if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") { return index }
      index += 1
    }
    return nil
  }

  /// Adds to the line that is waiting for its end.
  private mutating func keep(_ piece: Span<UInt8>) throws(EventStreamError) {
    try check(line.count + piece.count)
    // Not `reserveCapacity`, which grows by what is asked only: small pieces would copy the line
    // over and over.
    line.append(addingCapacity: piece.count) { output in
      for index in piece.indices { output.append(piece[index]) }
    }
  }

  private mutating func endLine(
    _ piece: Span<UInt8>, onEvent: (DecodedEvent) -> Void
  ) throws(EventStreamError) {
    guard !line.isEmpty else { return try readLine(piece, onEvent: onEvent) }
    try keep(piece)
    // Taken out while it is read, and put back empty for its storage.
    var whole: [UInt8] = []
    swap(&whole, &line)
    try readLine(whole.span, onEvent: onEvent)
    whole.removeAll(keepingCapacity: true)
    swap(&whole, &line)
  }

  private mutating func readLine(
    _ line: Span<UInt8>, onEvent: (DecodedEvent) -> Void
  ) throws(EventStreamError) {
    var line = line
    if isFirstLine {
      isFirstLine = false
      // The stream is "UTF-8 decoded" (WHATWG Encoding), which drops one byte order mark.
      if line.count >= 3, line[0] == 0xEF, line[1] == 0xBB, line[2] == 0xBF {
        line = line.extracting(3..<line.count)
      }
    }
    try check(line.count)
    if line.isEmpty {
      dispatch(onEvent)
    } else if line[0] == UInt8(ascii: ":") {
      comments += 1
    } else {
      try readField(line)
    }
  }

  private mutating func check(_ count: Int) throws(EventStreamError) {
    guard count > maximumEventBytes else { return }
    let error = EventStreamError.eventTooLarge(maximumEventBytes: maximumEventBytes)
    failure = error
    throw error
  }
}

// MARK: - Fields

extension EventStreamDecoder {
  private mutating func readField(_ line: Span<UInt8>) throws(EventStreamError) {
    var colon = 0
    while colon < line.count, line[colon] != UInt8(ascii: ":") { colon += 1 }
    var start = min(colon + 1, line.count)
    if start < line.count, line[start] == UInt8(ascii: " ") { start += 1 }
    let name = line.extracting(0..<colon)
    let value = line.extracting(start..<line.count)

    if Self.isEqual(name, "data") {
      try readData(value)
    } else if Self.isEqual(name, "id") {
      for index in value.indices where value[index] == 0 { return }
      id = Self.repaired(value)
      namesID = true
      try checkEvent()
    } else if Self.isEqual(name, "event") {
      type = Self.repaired(value)
      try checkEvent()
    } else if Self.isEqual(name, "retry") {
      readRetry(value)
    } else {
      unknownFields += 1
    }
  }

  private mutating func readData(_ value: Span<UInt8>) throws(EventStreamError) {
    // Each line is repaired by itself: a line ending is ASCII, so no character lies across it.
    if data == nil {
      data = Self.repaired(value)
    } else {
      data?.append("\n")
      data?.append(Self.repaired(value))
    }
    try checkEvent()
  }

  private mutating func checkEvent() throws(EventStreamError) {
    try check(type.utf8.count + id.utf8.count + (data?.utf8.count ?? 0))
  }

  private mutating func readRetry(_ value: Span<UInt8>) {
    guard !value.isEmpty else { return }
    var milliseconds: Int64 = 0
    for index in value.indices {
      guard value[index].isDigit else { return }
      let (tens, overflowed) = milliseconds.multipliedReportingOverflow(by: 10)
      let (sum, carried) = tens.addingReportingOverflow(Int64(value[index] - UInt8(ascii: "0")))
      milliseconds = overflowed || carried ? .max : sum
    }
    reconnectionTime = .milliseconds(milliseconds)
  }

  private mutating func dispatch(_ onEvent: (DecodedEvent) -> Void) {
    lastEventID = id
    defer { (type, namesID) = ("", false) }
    guard let data else { return }
    self.data = nil
    onEvent(
      DecodedEvent(
        type: type.isEmpty ? "message" : type, data: data, lastEventID: lastEventID,
        namesID: namesID))
  }

  private static func isEqual(_ name: Span<UInt8>, _ field: String) -> Bool {
    let utf8 = field.utf8
    guard name.count == utf8.count else { return false }
    var index = 0
    for byte in utf8 {
      guard name[index] == byte else { return false }
      index += 1
    }
    return true
  }

  /// The text of `bytes`, each maximal part that is not UTF-8 replaced by U+FFFD.
  private static func repaired(_ bytes: Span<UInt8>) -> String {
    guard !bytes.isEmpty else { return "" }
    do {
      return String(copying: try UTF8Span(validating: bytes))
    } catch {
      return String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
    }
  }
}
