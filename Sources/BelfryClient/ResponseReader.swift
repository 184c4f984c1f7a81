package import Reactor
internal import TextCoding

/// The head of a response.
package struct ResponseHead: Sendable {
  package let status: Int
  package let reason: String
  package let headers: HTTPHeaders
  package let isHTTP11: Bool

  /// The media type without parameters, in lower case; "" for none.
  package var contentType: String {
    let value = headers["Content-Type"] ?? ""
    return String(value.prefix { $0 != ";" && $0 != " " }).lowercased()
  }

  /// Whether the connection can be used for another request (RFC 9112, section 9.3).
  package var keepsConnection: Bool {
    let value = (headers["Connection"] ?? "").lowercased()
    return isHTTP11 ? !value.contains("close") : value.contains("keep-alive")
  }
}

/// Why a response can't be read.
package struct ResponseError: Error, Equatable, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}

/// Reads one HTTP/1.x response from bytes cut anywhere (RFC 9112), strictly: what could be read in two
/// ways is an error.
package struct ResponseReader: Sendable {
  /// What comes next in the bytes.
  package enum Step {
    /// Nothing more is in these bytes.
    case needsMore
    case head(ResponseHead)
    /// A piece of the body, without the chunks around it: a range of the bytes.
    case body(Range<Int>)
    /// A chunk is over.
    case chunkEnd
    /// The response is complete.
    case end
  }

  /// Bytes that a head, or the trailers, may have at most.
  package static let maximumHeadBytes = 64 << 10

  private enum State {
    case head
    case chunkSize
    case chunkExtension
    case chunkSizeEnd
    case chunk(Int)
    case chunkEnd
    case chunkEndLF
    case trailers
    case length(Int)
    case untilClose
    case ended
  }

  private var state = State.head
  private var kept: [UInt8] = []
  private var size = 0
  private var digits = 0

  package init() {}

  /// Whether the body stands where another piece of the server's writing may begin: before a chunk, or
  /// anywhere in a body without chunks.
  package var isBetweenChunks: Bool {
    switch state {
    case .chunkSize: digits == 0
    case .untilClose: true
    default: false
    }
  }

  /// Whether the body ends with the connection only.
  package var isUntilClose: Bool {
    if case .untilClose = state { true } else { false }
  }

  /// Whether all was well had the connection been closed here.
  package var mayEndHere: Bool {
    switch state {
    case .untilClose, .ended: true
    default: false
    }
  }

  /// Reads on from `index`, which it moves.
  package mutating func next(
    _ bytes: Span<UInt8>, _ index: inout Int
  ) throws(ResponseError) -> Step {
    while true {
      if case .length(0) = state { state = .ended }
      if case .ended = state { return .end }
      guard index < bytes.count else { return .needsMore }
      switch state {
      case .head:
        guard try keepToBlankLine(bytes, &index) else { return .needsMore }
        let head = try parseHead()
        kept = []
        if let head { return .head(head) }
      case .chunkSize: try readSize(bytes[index], &index)
      case .chunkExtension:
        kept.append(bytes[index])
        guard kept.count <= 4096 else { throw ResponseError("a chunk extension is too long") }
        if bytes[index] == UInt8(ascii: "\r") { (state, kept) = (.chunkSizeEnd, []) }
        index += 1
      case .chunkSizeEnd:
        try expect("\n", bytes[index], "after a chunk size")
        index += 1
        state = size == 0 ? .trailers : .chunk(size)
      case .chunk(let left):
        let range = index..<index + min(left, bytes.count - index)
        index = range.upperBound
        state = left == range.count ? .chunkEnd : .chunk(left - range.count)
        return .body(range)
      case .chunkEnd:
        try expect("\r", bytes[index], "after a chunk")
        index += 1
        state = .chunkEndLF
      case .chunkEndLF:
        try expect("\n", bytes[index], "after a chunk")
        index += 1
        (state, size, digits) = (.chunkSize, 0, 0)
        return .chunkEnd
      case .trailers:
        guard try keepLine(bytes, &index) else { return .needsMore }
        if kept == [13, 10] { state = .ended }
        kept = []
      case .length(let left):
        let range = index..<index + min(left, bytes.count - index)
        index = range.upperBound
        state = .length(left - range.count)
        return .body(range)
      case .untilClose:
        let range = index..<bytes.count
        index = bytes.count
        return .body(range)
      case .ended: return .end
      }
    }
  }

  // MARK: Chunks

  private mutating func readSize(_ byte: UInt8, _ index: inout Int) throws(ResponseError) {
    index += 1
    if let digit = byte.hexadecimalValue {
      // A size that takes more has no end anybody will see.
      guard digits < 15 else { throw ResponseError("a chunk size has too many digits") }
      size = size << 4 | Int(digit)
      digits += 1
    } else if digits > 0, byte == UInt8(ascii: "\r") {
      state = .chunkSizeEnd
    } else if digits > 0, byte == UInt8(ascii: ";") || byte == UInt8(ascii: " ") {
      state = .chunkExtension
    } else {
      throw ResponseError("a chunk size is not a hexadecimal number")
    }
  }

  private func expect(
    _ character: Unicode.Scalar, _ byte: UInt8, _ place: String
  ) throws(ResponseError) {
    guard byte == UInt8(ascii: character) else {
      throw ResponseError("missing CRLF \(place)")
    }
  }

  // MARK: The head

  /// Whether the head is whole now.
  private mutating func keepToBlankLine(
    _ bytes: Span<UInt8>, _ index: inout Int
  ) throws(ResponseError) -> Bool {
    while index < bytes.count {
      try keep(bytes[index])
      index += 1
      guard kept.last == UInt8(ascii: "\n") else { continue }
      if kept.suffix(4).elementsEqual([13, 10, 13, 10]) { return true }
    }
    return false
  }

  private mutating func keepLine(
    _ bytes: Span<UInt8>, _ index: inout Int
  ) throws(ResponseError) -> Bool {
    while index < bytes.count {
      try keep(bytes[index])
      index += 1
      if kept.last == UInt8(ascii: "\n") { return true }
    }
    return false
  }

  private mutating func keep(_ byte: UInt8) throws(ResponseError) {
    guard kept.count < Self.maximumHeadBytes else { throw ResponseError("the head is too long") }
    if byte == UInt8(ascii: "\n"), kept.last != UInt8(ascii: "\r") {
      throw ResponseError("a header line does not end with CRLF")
    }
    kept.append(byte)
  }

  /// The head in `kept`; nil for an interim response (RFC 9110, section 15.2).
  private mutating func parseHead() throws(ResponseError) -> ResponseHead? {
    let text = String(decoding: kept.dropLast(4), as: UTF8.self)
    var lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)
    let status = lines.removeFirst()
    let parts = status.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count >= 2, parts[0] == "HTTP/1.1" || parts[0] == "HTTP/1.0",
      parts[1].utf8.count == 3, let code = Int(parts[1]), code >= 100
    else { throw ResponseError("invalid status line: \(status.prefix(80))") }
    var headers = HTTPHeaders()
    for line in lines {
      guard let colon = line.firstIndex(of: ":"), colon > line.startIndex,
        line.first != " ", line.first != "\t"
      else { throw ResponseError("invalid header field: \(line.prefix(80))") }
      headers.add(String(line[..<colon]), Self.trimmed(line[line.index(after: colon)...]))
    }
    if code < 200 { return nil }
    let head = ResponseHead(
      status: code, reason: parts.count > 2 ? String(parts[2]) : "", headers: headers,
      isHTTP11: parts[0] == "HTTP/1.1")
    state = try body(of: head)
    return head
  }

  /// Without the blanks around it (RFC 9110, section 5.5).
  private static func trimmed(_ value: Substring) -> String {
    var value = value.drop { $0 == " " || $0 == "\t" }
    while value.last == " " || value.last == "\t" { value.removeLast() }
    return String(value)
  }

  /// How long the body is (RFC 9112, section 6.3).
  private func body(of head: ResponseHead) throws(ResponseError) -> State {
    let codings = head.headers.all("Transfer-Encoding")
    let lengths = head.headers.all("Content-Length")
    if head.status == 204 || head.status == 304 { return .ended }
    if let coding = codings.first {
      guard codings.count == 1, coding.lowercased() == "chunked" else {
        throw ResponseError("unsupported transfer coding: \(codings)")
      }
      guard lengths.isEmpty else {
        throw ResponseError("the answer has both a transfer coding and a Content-Length")
      }
      return .chunkSize
    }
    guard let length = lengths.first else { return .untilClose }
    guard lengths.count == 1, length.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }),
      let count = Int(length)
    else { throw ResponseError("the Content-Length is not a number: \(lengths)") }
    return .length(count)
  }
}
