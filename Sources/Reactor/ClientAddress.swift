internal import CReactor
internal import Glibc

/// Where clients connect to, looked up once.
package struct ClientAddress: Hashable, Sendable, CustomStringConvertible {
  package let description: String
  let family: Int32
  /// A `sockaddr` of that family.
  let bytes: [UInt8]

  /// Looks a name up, which blocks: for the time before the loop runs.
  ///
  /// - Throws: when the name is unknown; no connection is tried.
  package init(resolving address: ListenAddress) throws(ReactorError) {
    description = address.description
    switch address {
    case .unix(let path):
      family = AF_UNIX
      bytes = unsafe Socket.withUnixAddress(path) { pointer, length in
        unsafe Array(UnsafeRawBufferPointer(start: pointer, count: Int(length)))
      }
    case .tcp(let host, let port):
      var hints = unsafe addrinfo()
      unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
      unsafe hints.ai_flags = AI_NUMERICSERV
      var list: UnsafeMutablePointer<addrinfo>?
      let status = unsafe getaddrinfo(host, String(port), &hints, &list)
      defer { if let list = unsafe list { unsafe freeaddrinfo(list) } }
      guard status == 0, let first = unsafe list?.pointee, let found = unsafe first.ai_addr else {
        throw ReactorError(
          function: "getaddrinfo",
          detail: "looking up \(address): \(unsafe String(cString: gai_strerror(status)))")
      }
      family = unsafe first.ai_family
      bytes = unsafe Array(UnsafeRawBufferPointer(start: found, count: Int(first.ai_addrlen)))
    }
  }

  /// Whether it is in 127.0.0.0/8, where a client may have any source address of that network.
  package var isIPv4Loopback: Bool {
    // A sockaddr_in: family, port and address, of 2, 2 and 4 bytes.
    family == AF_INET && bytes.count >= 8 && bytes[4] == 127
  }

  /// Whether connecting to it takes up a port here.
  package var usesPorts: Bool { family != AF_UNIX }
}
