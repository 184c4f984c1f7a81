internal import TextCoding

/// One request, as its client sent it.
package struct HTTPRequest: Sendable {
  package let head: RequestHead
  package let body: [UInt8]
  package let peer: Peer

  package init(head: RequestHead, body: [UInt8] = [], peer: Peer) {
    self.head = head
    self.body = body
    self.peer = peer
  }

  package var method: HTTPMethod { head.method }
}

/// Who is at the other end of a connection.
package enum Peer: Hashable, Sendable, CustomStringConvertible {
  case address(IPAddress)
  /// Somebody on this machine, through a Unix socket.
  case unix

  /// Whom limits count it for; nil: nobody, since whoever comes through a Unix socket is a proxy of
  /// the operator's, or a program.
  package var countedAddress: IPAddress? {
    switch self {
    case .address(let address): address.counted
    case .unix: nil
    }
  }

  package var description: String {
    switch self {
    case .address(let address): address.description
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

/// The header fields of an answer, in their order.
package struct HTTPHeaders: Sendable, ExpressibleByArrayLiteral {
  package private(set) var fields: [(name: String, value: String)] = []

  package init() {}
  package init(arrayLiteral elements: (String, String)...) {
    for (name, value) in elements { add(name, value) }
  }

  package mutating func add(_ name: String, _ value: String) { fields.append((name, value)) }

  /// The first value of this name; names are compared without regard to case (RFC 9110, 5.1).
  package subscript(name: String) -> String? { all(name).first }

  /// Every value of this name, in their order.
  package func all(_ name: String) -> [String] {
    fields.compactMap { $0.name.equalsIgnoringASCIICase(name) ? $0.value : nil }
  }
}
