/// One request, as its client sent it.
package struct HTTPRequest: Sendable {
  package let method: HTTPMethod
  /// The request-target in origin-form: printable ASCII that begins with `/` (RFC 9112, 3.2.1).
  package let target: String
  /// HTTP/1.1, not 1.0.
  package let isHTTP11: Bool
  package let headers: HTTPHeaders
  package let body: [UInt8]
  package let peer: Peer

  package init(
    method: HTTPMethod, target: String, isHTTP11: Bool = true, headers: HTTPHeaders = [],
    body: [UInt8] = [], peer: Peer = .unix
  ) {
    self.method = method
    self.target = target
    self.isHTTP11 = isHTTP11
    self.headers = headers
    self.body = body
    self.peer = peer
  }
}

/// Who is at the other end of a connection.
package enum Peer: Hashable, Sendable, CustomStringConvertible {
  /// A numeric IPv4 or IPv6 address.
  case address(String)
  /// Somebody on this machine, through a Unix socket.
  case unix

  package var description: String {
    switch self {
    case .address(let text): text
    case .unix: "unix"
    }
  }
}

/// A request's method (RFC 9110, section 9).
package enum HTTPMethod: String, Sendable {
  case get = "GET"
  case head = "HEAD"
  case post = "POST"
  case put = "PUT"
  case delete = "DELETE"
  case options = "OPTIONS"
  case trace = "TRACE"
  case patch = "PATCH"
}

/// Header fields in their order; names are compared without regard to case (RFC 9110, 5.1).
package struct HTTPHeaders: Sendable, ExpressibleByArrayLiteral {
  package private(set) var fields: [(name: String, value: String)] = []

  package init() {}
  package init(arrayLiteral elements: (String, String)...) {
    for (name, value) in elements { add(name, value) }
  }

  package mutating func add(_ name: String, _ value: String) { fields.append((name, value)) }

  /// The first value of this name.
  package subscript(name: String) -> String? {
    fields.first { $0.name.equalsIgnoringASCIICase(name) }?.value
  }

  /// Every value of this name.
  package func all(_ name: String) -> [String] {
    fields.compactMap { $0.name.equalsIgnoringASCIICase(name) ? $0.value : nil }
  }
}

extension StringProtocol {
  /// Whether both are the same but for the case of `A-Z`.
  package func equalsIgnoringASCIICase(_ other: some StringProtocol) -> Bool {
    utf8.count == other.utf8.count
      && zip(utf8, other.utf8).allSatisfy { $0 == $1 || $0.asciiLowercase == $1.asciiLowercase }
  }
}

extension UInt8 {
  /// This byte, in lower case if it is one of `A-Z`.
  package var asciiLowercase: UInt8 {
    self >= UInt8(ascii: "A") && self <= UInt8(ascii: "Z") ? self | 0x20 : self
  }
}
