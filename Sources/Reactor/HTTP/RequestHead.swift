internal import TextCoding

/// A request's head: the bytes as its client sent them, and what stands where in them.
///
/// Nothing is taken out of the bytes before it is asked for: of the sixteen header fields that a
/// browser sends a server reads a few.
package struct RequestHead: Sendable {
  /// A header field's place in the bytes.
  struct Field: Sendable {
    let name: Range<Int>
    /// Without the blanks around it.
    let value: Range<Int>
  }

  package let method: HTTPMethod
  /// HTTP/1.1, not 1.0.
  package let isHTTP11: Bool
  /// Whether a body follows.
  let hasBody: Bool
  /// To the end of its empty line.
  let bytes: [UInt8]
  private let targetPlace: Range<Int>
  private let fields: [Field]

  init(
    bytes: [UInt8], method: HTTPMethod, target: Range<Int>, isHTTP11: Bool, fields: [Field],
    hasBody: Bool
  ) {
    self.bytes = bytes
    self.method = method
    targetPlace = target
    self.isHTTP11 = isHTTP11
    self.fields = fields
    self.hasBody = hasBody
  }

  /// Reads a whole head, to the end of its empty line, as the server does; nil when it is refused, or
  /// not complete.
  package init?(_ bytes: [UInt8]) {
    var scanner = RequestHeadScanner(limits: .init())
    guard scanner.scan(bytes.span) == bytes.count, let head = scanner.head else { return nil }
    self = head
  }

  /// The first line, without its end.
  package var requestLine: [UInt8] { Array(bytes.prefix { $0 != .cr }) }

  /// The request-target: printable ASCII that begins with `/`, or `*` (RFC 9112, section 3.2).
  package var target: String { text(targetPlace) }

  /// The first value of this name; names are compared without regard to case (RFC 9110, 5.1).
  package subscript(name: String) -> String? {
    fields.first { isNamed($0, name) }.map { text($0.value) }
  }

  /// The first value of this name, as it was sent.
  package func bytes(of name: String) -> ArraySlice<UInt8>? {
    fields.first { isNamed($0, name) }.map { bytes[$0.value] }
  }

  /// Every value of this name, in their order.
  package func all(_ name: String) -> [String] {
    fields.compactMap { isNamed($0, name) ? text($0.value) : nil }
  }

  private func isNamed(_ field: Field, _ name: String) -> Bool {
    field.name.count == name.utf8.count
      && bytes[field.name].equalsIgnoringASCIICase(name.utf8)
  }

  /// What is not UTF-8 is repaired (U+FFFD).
  private func text(_ place: Range<Int>) -> String {
    String(decoding: bytes[place], as: UTF8.self)
  }

  /// The head that evhttp is given in this one's stead: what it needs in order to find the body's end
  /// and to answer. Whatever else the client wrote can so not be read in a second way, and evhttp
  /// makes no copy of it.
  var framing: [UInt8] {
    var head: [UInt8] = []
    head.reserveCapacity(128)
    head.append(contentsOf: method.rawValue.utf8)
    head.append(contentsOf: (isHTTP11 ? " / HTTP/1.1\r\n" : " / HTTP/1.0\r\n").utf8)
    for field in fields
    where ["content-length", "connection", "expect"].contains(where: { isNamed(field, $0) }) {
      head.append(contentsOf: bytes[field.name])
      head.append(contentsOf: ": ".utf8)
      head.append(contentsOf: bytes[field.value])
      head.append(contentsOf: "\r\n".utf8)
    }
    // Without a length evhttp would read these to the connection's end; there is no body then (RFC
    // 9112, section 6.3).
    if !hasBody, [.post, .put, .patch].contains(method), self["Content-Length"] == nil {
      head.append(contentsOf: "Content-Length: 0\r\n".utf8)
    }
    head.append(contentsOf: "\r\n".utf8)
    return head
  }
}
