internal import Glibc
internal import TextCoding

/// Reads a request's head, byte by byte, before evhttp does, and refuses what could be read in two
/// ways.
///
/// evhttp 2.1.12 accepts differing lengths, a space before the colon, NUL lines, unknown transfer
/// codings, folded and bare-LF lines and more; a proxy in front that reads such a head another way
/// makes one request out of two (request smuggling: RFC 9112, section 11.2). Here a head is read one
/// way or not at all.
struct RequestHeadScanner {
  /// What may be sent at most.
  struct Limits: Sendable {
    /// Bytes of a head, line ends included.
    var headBytes = 8 << 10
    /// Field lines: evhttp allocates a node, a name and a value even for a line of three bytes.
    var lines = 100
    /// Bytes of a body.
    var bodyBytes = 64 << 10
  }

  enum Verdict: Equatable {
    case incomplete
    case complete
    case refused(HTTPRefusal)
  }

  private let limits: Limits
  private var bytes: [UInt8] = []
  /// Where the line begins that is not complete yet, and how far its end was looked for.
  private var lineStart = 0
  private var searched = 0
  /// nil until the request line is read.
  private(set) var method: HTTPMethod?
  private(set) var isHTTP11 = true
  private var target = 0..<0
  private var fields: [RequestHead.Field] = []
  private var hosts = 0
  /// nil until the field is read.
  private var contentLength: Int?
  private(set) var verdict = Verdict.incomplete

  init(limits: Limits) { self.limits = limits }

  /// What was read; nil until the verdict is `complete`.
  var head: RequestHead? {
    guard verdict == .complete, let method else { return nil }
    return RequestHead(
      bytes: bytes, method: method, target: target, isHTTP11: isHTTP11, fields: fields,
      hasBody: contentLength ?? 0 > 0)
  }

  /// The request line as far as it was read, without its end.
  var firstLine: [UInt8] { Array(bytes.prefix { $0 != .cr && $0 != .lf }) }

  /// Reads on.
  ///
  /// - Returns: how many of `piece`'s bytes belong to the head; those after its empty line are the
  ///   body's.
  mutating func scan(_ piece: Span<UInt8>) -> Int {
    guard verdict == .incomplete else { return 0 }
    let known = bytes.count
    // A head is bounded; what is beyond need not be looked at.
    let wanted = min(piece.count, limits.headBytes + 1 - known)
    bytes.reserveCapacity(known + wanted)
    unsafe piece.extracting(..<wanted).withUnsafeBufferPointer {
      unsafe bytes.append(contentsOf: $0)
    }
    if fields.isEmpty { fields.reserveCapacity(24) }
    while verdict == .incomplete, let end = nextLineEnd() {
      do throws(HTTPRefusal) {
        guard end > lineStart, bytes[end - 1] == .cr else { throw .bad("a line must end in CR LF") }
        try read(line: lineStart..<end - 1)
      } catch {
        verdict = .refused(error)
      }
      lineStart = end + 1
      searched = lineStart
    }
    if verdict == .complete { bytes.removeLast(bytes.count - lineStart) }
    if max(lineStart, bytes.count) > limits.headBytes { refuseAsTooLong() }
    return bytes.count - known
  }

  /// Where the next line feed stands.
  private mutating func nextLineEnd() -> Int? {
    let end = unsafe bytes.withUnsafeBytes { buffer -> Int? in
      guard let start = buffer.baseAddress,
        let found = unsafe memchr(start + searched, Int32(UInt8.lf), buffer.count - searched)
      else { return nil }
      return unsafe UnsafeRawPointer(found) - start
    }
    if end == nil { searched = bytes.count }
    return end
  }

  private mutating func refuseAsTooLong() {
    if case .refused = verdict { return }
    verdict = .refused(
      method == nil
        ? HTTPRefusal(.uriTooLong, "the request line is longer than \(limits.headBytes) bytes")
        : HTTPRefusal(
          .headerFieldsTooLarge, "the request head is longer than \(limits.headBytes) bytes"))
  }

  /// - Parameter line: without its end.
  private mutating func read(line: Range<Int>) throws(HTTPRefusal) {
    if method == nil {
      try readRequestLine(line)
    } else if line.isEmpty {
      try readEnd()
      verdict = .complete
    } else {
      try readField(line)
    }
  }

  /// `method SP request-target SP HTTP-version` (RFC 9112, section 3).
  private mutating func readRequestLine(_ line: Range<Int>) throws(HTTPRefusal) {
    let line = bytes[line]
    guard let first = line.firstIndex(of: .space), first > line.startIndex,
      let last = line.lastIndex(of: .space), last > first + 1, last + 1 < line.endIndex
    else { throw .bad("the request line must be a method, a target and a version") }
    guard line[..<first].allSatisfy(\.isTokenCharacter) else {
      throw .bad("the method is not a valid token")
    }
    let target = first + 1..<last
    guard line[target].allSatisfy({ $0.isVisible }) else {
      throw .bad("the target has characters that must be percent-encoded")
    }
    let version = String(decoding: line[(last + 1)...], as: UTF8.self)
    guard version == "HTTP/1.1" || version == "HTTP/1.0" else {
      let isVersion =
        version.utf8.count == 8 && version.hasPrefix("HTTP/") && version.utf8.last!.isDigit
      throw isVersion
        ? HTTPRefusal(.versionNotSupported, "only HTTP/1.1 and HTTP/1.0 are supported")
        : .bad("the version is not an HTTP version")
    }
    isHTTP11 = version == "HTTP/1.1"
    guard let method = HTTPMethod(rawValue: String(decoding: line[..<first], as: UTF8.self)) else {
      throw HTTPRefusal(.notImplemented, "this method is not supported")
    }
    self.method = method
    // Absolute-form would bring a second host that must agree with the first: only proxies need it.
    let isAsterisk = method == .options && line[target].elementsEqual([.asterisk])
    guard line[target.lowerBound] == .slash || isAsterisk else {
      throw .bad("the target must begin with /")
    }
    self.target = target
  }

  /// `field-name ":" OWS field-value OWS` (RFC 9112, section 5).
  private mutating func readField(_ line: Range<Int>) throws(HTTPRefusal) {
    guard fields.count < limits.lines else {
      throw HTTPRefusal(.headerFieldsTooLarge, "there are more than \(limits.lines) header fields")
    }
    let field = try field(line)
    fields.append(field)
    // The lengths of the names that matter here; nearly every other field is told by it alone.
    switch field.name.count {
    case 4 where isNamed(field, "host"): try readHost(bytes[field.value])
    case 6 where isNamed(field, "expect"):
      guard bytes[field.value].equalsIgnoringASCIICase("100-continue".utf8) else {
        throw HTTPRefusal(.expectationFailed, "the only supported expectation is 100-continue")
      }
    case 14 where isNamed(field, "content-length"): try readLength(bytes[field.value])
    case 17 where isNamed(field, "transfer-encoding"):
      throw HTTPRefusal(.lengthRequired, "a body needs a Content-Length")
    default: break
    }
  }

  private func isNamed(_ field: RequestHead.Field, _ name: String) -> Bool {
    bytes[field.name].equalsIgnoringASCIICase(name.utf8)
  }

  /// Where name and value of a field's line stand.
  private func field(_ line: Range<Int>) throws(HTTPRefusal) -> RequestHead.Field {
    let bytes = bytes.span
    guard bytes[line.lowerBound] != .space, bytes[line.lowerBound] != .tab else {
      throw .bad("a header field is folded")
    }
    var colon = line.lowerBound
    while colon < line.upperBound, bytes[colon].isTokenCharacter { colon += 1 }
    guard colon < line.upperBound, bytes[colon] == .colon, colon > line.lowerBound else {
      let hasColon = (colon..<line.upperBound).contains { bytes[$0] == .colon }
      throw .bad(
        hasColon ? "a header field name is not a valid token" : "a header field has no colon")
    }
    var value = colon + 1..<line.upperBound
    guard !bytes.extracting(value).hasControlCharacters else {
      throw .bad("a header field contains control characters")
    }
    while let first = value.first, bytes[first].isBlank { value.removeFirst() }
    while let last = value.last, bytes[last].isBlank { value.removeLast() }
    return RequestHead.Field(name: line.lowerBound..<colon, value: value)
  }

  /// `uri-host [ ":" port ]`, once (RFC 9112, section 3.2).
  private mutating func readHost(_ value: ArraySlice<UInt8>) throws(HTTPRefusal) {
    hosts += 1
    guard hosts == 1 else { throw .bad("there are two Host fields") }
    let allowed = value.allSatisfy { byte in
      byte.isAlphanumeric || ".-_:[]%~".utf8.contains(byte)
    }
    guard allowed, !value.isEmpty else { throw .bad("the Host field is not a valid host") }
  }

  private mutating func readLength(_ value: ArraySlice<UInt8>) throws(HTTPRefusal) {
    guard contentLength == nil else { throw .bad("there are two Content-Length fields") }
    guard !value.isEmpty, value.count <= 18, value.allSatisfy(\.isDigit) else {
      throw .bad("the Content-Length is not a number")
    }
    let length = value.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    contentLength = length
    guard length <= limits.bodyBytes else {
      throw HTTPRefusal(.contentTooLarge, "the body is longer than \(limits.bodyBytes) bytes")
    }
  }

  private func readEnd() throws(HTTPRefusal) {
    guard hosts == 1 || !isHTTP11 else { throw .bad("the Host field is missing") }
    // evhttp reads no body for these, so one that came would be read as the next request.
    guard contentLength == nil || (method != .head && method != .trace) else {
      throw .bad("this method takes no body")
    }
  }
}

/// Why a request was not read, and the answer its client gets before the connection is closed.
struct HTTPRefusal: Error, Equatable {
  let status: HTTPStatus
  let reason: String

  init(_ status: HTTPStatus, _ reason: String) {
    self.status = status
    self.reason = reason
  }

  static func bad(_ reason: String) -> HTTPRefusal { HTTPRefusal(.badRequest, reason) }

  /// What its client reads.
  var body: String { "\(status.rawValue) \(status.phrase): \(reason)\n" }

  /// The whole answer.
  var bytes: [UInt8] {
    let body = body
    return Array(
      """
      HTTP/1.1 \(status.rawValue) \(status.phrase)\r
      Content-Type: text/plain; charset=utf-8\r
      Content-Length: \(body.utf8.count)\r
      Connection: close\r
      \r
      \(body)
      """.utf8)
  }
}

extension Span<UInt8> {
  /// Whether there is a control character other than a tab. No byte ends the search, so that the
  /// compiler looks at many at once.
  fileprivate var hasControlCharacters: Bool {
    unsafe withUnsafeBufferPointer { bytes in
      var found: UInt8 = 0
      for index in bytes.indices {
        let byte = unsafe bytes[index]
        // Other than && and ||, these are no branches.
        let isControl: UInt8 = byte < .space ? 1 : 0
        found |= isControl & (byte == .tab ? 0 : 1) | (byte == 0x7F ? 1 : 0)
      }
      return found != 0
    }
  }
}

extension UInt8 {
  static let tab = UInt8(ascii: "\t")
  static let lf = UInt8(ascii: "\n")
  static let cr = UInt8(ascii: "\r")
  static let space = UInt8(ascii: " ")
  static let asterisk = UInt8(ascii: "*")
  static let slash = UInt8(ascii: "/")
  static let colon = UInt8(ascii: ":")
}
