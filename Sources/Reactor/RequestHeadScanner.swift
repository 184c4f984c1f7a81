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
  private var line: [UInt8] = []
  private var length = 0
  private var lines = 0
  /// nil until the request line is read.
  private(set) var method: HTTPMethod?
  private(set) var isHTTP11 = true
  private var hosts = 0
  private var hasLength = false
  private(set) var verdict = Verdict.incomplete

  init(limits: Limits) { self.limits = limits }

  /// Reads on; bytes after the head's empty line are the body's and are passed over.
  mutating func scan(_ bytes: Span<UInt8>) -> Verdict {
    for index in bytes.indices {
      guard verdict == .incomplete else { break }
      let byte = bytes[index]
      length += 1
      if length > limits.headBytes {
        verdict = .refused(
          method == nil
            ? HTTPRefusal(.uriTooLong, "the request line is longer than \(limits.headBytes) bytes")
            : HTTPRefusal(
              .headerFieldsTooLarge, "the head is longer than \(limits.headBytes) bytes"))
      } else if byte == .lf {
        endLine()
      } else {
        line.append(byte)
      }
    }
    return verdict
  }

  private mutating func endLine() {
    do throws(HTTPRefusal) {
      guard line.popLast() == .cr else { throw .bad("a line must end in CR LF") }
      if method == nil {
        try readRequestLine()
      } else if line.isEmpty {
        try readEnd()
        verdict = .complete
      } else {
        try readField()
      }
      line.removeAll(keepingCapacity: true)
    } catch {
      verdict = .refused(error)
    }
  }

  /// `method SP request-target SP HTTP-version` (RFC 9112, section 3).
  private mutating func readRequestLine() throws(HTTPRefusal) {
    let parts = line.split(separator: .space, omittingEmptySubsequences: false)
    guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty }) else {
      throw .bad("the request line must be a method, a target and a version")
    }
    guard parts[0].allSatisfy(\.isTokenCharacter) else { throw .bad("the method is no token") }
    guard parts[1].allSatisfy({ $0 > .space && $0 < 0x7F }) else {
      throw .bad("the target has characters that must be percent-encoded")
    }
    let version = String(decoding: parts[2], as: UTF8.self)
    guard version == "HTTP/1.1" || version == "HTTP/1.0" else {
      let isVersion =
        version.utf8.count == 8 && version.hasPrefix("HTTP/") && version.utf8.last!.isDigit
      throw isVersion
        ? HTTPRefusal(.versionNotSupported, "HTTP/1.1 and HTTP/1.0 are spoken here")
        : .bad("the version is none of HTTP")
    }
    isHTTP11 = version == "HTTP/1.1"
    guard let method = HTTPMethod(rawValue: String(decoding: parts[0], as: UTF8.self)) else {
      throw HTTPRefusal(.notImplemented, "this method is not known here")
    }
    self.method = method
    // Absolute-form would bring a second host that must agree with the first: only proxies need it.
    guard parts[1].first == .slash || (method == .options && parts[1].elementsEqual([.asterisk]))
    else { throw .bad("the target must begin with /") }
  }

  /// `field-name ":" OWS field-value OWS` (RFC 9112, section 5).
  private mutating func readField() throws(HTTPRefusal) {
    lines += 1
    guard lines <= limits.lines else {
      throw HTTPRefusal(.headerFieldsTooLarge, "there are more than \(limits.lines) header fields")
    }
    guard line[0] != .space, line[0] != .tab else { throw .bad("a header field is folded") }
    guard let colon = line.firstIndex(of: .colon) else { throw .bad("a header field has no colon") }
    guard colon > 0, line[..<colon].allSatisfy(\.isTokenCharacter) else {
      throw .bad("a header field's name is no token")
    }
    guard line[(colon + 1)...].allSatisfy({ $0 == .tab || ($0 >= .space && $0 != 0x7F) }) else {
      throw .bad("a header field has control characters")
    }
    let name = String(decoding: line[..<colon].map(\.asciiLowercase), as: UTF8.self)
    let value = line[(colon + 1)...].trimmingBlanks
    switch name {
    case "host": try readHost(value)
    case "content-length": try readLength(value)
    case "expect":
      guard String(decoding: value, as: UTF8.self).equalsIgnoringASCIICase("100-continue") else {
        throw HTTPRefusal(.expectationFailed, "only 100-continue can be expected here")
      }
    case "transfer-encoding":
      throw HTTPRefusal(.lengthRequired, "a body must come with its Content-Length")
    default: break
    }
  }

  /// `uri-host [ ":" port ]`, once (RFC 9112, section 3.2).
  private mutating func readHost(_ value: ArraySlice<UInt8>) throws(HTTPRefusal) {
    hosts += 1
    guard hosts == 1 else { throw .bad("there are two Host fields") }
    let allowed = value.allSatisfy { byte in
      byte.isAlphanumeric || ".-_:[]%~".utf8.contains(byte)
    }
    guard allowed, !value.isEmpty else { throw .bad("the Host field is no host") }
  }

  private mutating func readLength(_ value: ArraySlice<UInt8>) throws(HTTPRefusal) {
    guard !hasLength else { throw .bad("there are two Content-Length fields") }
    hasLength = true
    guard !value.isEmpty, value.count <= 18, value.allSatisfy(\.isDigit) else {
      throw .bad("the Content-Length is no number")
    }
    let length = value.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    guard length <= limits.bodyBytes else {
      throw HTTPRefusal(.contentTooLarge, "the body is longer than \(limits.bodyBytes) bytes")
    }
  }

  private func readEnd() throws(HTTPRefusal) {
    guard hosts == 1 || !isHTTP11 else { throw .bad("there is no Host field") }
    // evhttp reads no body for these, so one that came would be read as the next request.
    guard !hasLength || (method != .head && method != .trace) else {
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

  /// The whole answer.
  var bytes: [UInt8] {
    let body = "\(status.rawValue) \(status.phrase): \(reason)\n"
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

extension UInt8 {
  static let tab = UInt8(ascii: "\t")
  static let lf = UInt8(ascii: "\n")
  static let cr = UInt8(ascii: "\r")
  static let space = UInt8(ascii: " ")
  static let asterisk = UInt8(ascii: "*")
  static let slash = UInt8(ascii: "/")
  static let colon = UInt8(ascii: ":")

  var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }
  var isAlphanumeric: Bool {
    isDigit || (asciiLowercase >= UInt8(ascii: "a") && asciiLowercase <= UInt8(ascii: "z"))
  }
  /// `tchar` (RFC 9110, section 5.6.2).
  var isTokenCharacter: Bool { isAlphanumeric || "!#$%&'*+-.^_`|~".utf8.contains(self) }
}

extension ArraySlice<UInt8> {
  /// Without the spaces and tabs around it.
  fileprivate var trimmingBlanks: ArraySlice<UInt8> {
    var slice = drop { $0 == .space || $0 == .tab }
    while let last = slice.last, last == .space || last == .tab { slice.removeLast() }
    return slice
  }
}
