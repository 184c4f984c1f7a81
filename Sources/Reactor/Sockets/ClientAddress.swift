internal import CReactor
internal import Glibc

/// Where clients connect to, looked up once.
package struct ClientAddress: Hashable, Sendable, CustomStringConvertible {
  /// A name's address with its number.
  package let description: String
  let family: Int32
  /// A `sockaddr` of that family.
  let bytes: [UInt8]

  /// Looks a name up, which blocks: for the time before the loop runs. Of several addresses it takes the
  /// first.
  ///
  /// - Throws: when the name is unknown; no connection is tried.
  package init(resolving address: ListenAddress) throws(ReactorError) {
    // There is one, or it throws.
    self = try Self.all(resolving: address)[0]
  }

  /// All that a name stands for, in the order in which they are to be tried, at least one: `localhost`
  /// has two, and a server often listens on one of them. Blocks.
  ///
  /// The C function is `getaddrinfo`.
  package static func all(resolving address: ListenAddress) throws(ReactorError) -> [ClientAddress]
  {
    switch address {
    case .unix(let path):
      let bytes = unsafe Socket.withUnixAddress(path) { pointer, length in
        unsafe Array(UnsafeRawBufferPointer(start: pointer, count: Int(length)))
      }
      return [ClientAddress(description: address.description, family: AF_UNIX, bytes: bytes)]
    case .tcp(let host, let port):
      var hints = unsafe addrinfo()
      unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
      unsafe hints.ai_flags = AI_NUMERICSERV
      var list: UnsafeMutablePointer<addrinfo>?
      let status = unsafe getaddrinfo(host, String(port), &hints, &list)
      defer { if let list = unsafe list { unsafe freeaddrinfo(list) } }
      var all: [ClientAddress] = []
      var next = unsafe status == 0 ? list : nil
      while let entry = unsafe next?.pointee {
        unsafe next = entry.ai_next
        guard let found = unsafe entry.ai_addr,
          let (host, port) = unsafe Socket.describe(found, entry.ai_addrlen)
        else { continue }
        all.append(
          ClientAddress(
            description: ListenAddress.tcp(host: host, port: port).description,
            family: unsafe entry.ai_family,
            bytes: unsafe Array(UnsafeRawBufferPointer(start: found, count: Int(entry.ai_addrlen))))
        )
      }
      guard !all.isEmpty else {
        throw ReactorError(
          function: "getaddrinfo",
          detail: "looking up \(address): \(unsafe String(cString: gai_strerror(status)))")
      }
      return all
    }
  }

  private init(description: String, family: Int32, bytes: [UInt8]) {
    self.description = description
    self.family = family
    self.bytes = bytes
  }

  /// Whether somebody takes connections there. Blocks, for `patience` at most.
  package func isAnswered(within patience: Duration) -> Bool {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let socket = Glibc.socket(family, type, 0)
    guard socket >= 0 else { return false }
    defer { close(socket) }
    let status = unsafe bytes.withUnsafeBytes { bytes in
      unsafe connect(
        socket, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
    }
    if status == 0 { return true }
    guard errno == EINPROGRESS else { return false }
    var waiting = pollfd(fd: socket, events: Int16(POLLOUT), revents: 0)
    let milliseconds = Int32(clamping: Int(patience / .milliseconds(1)))
    guard unsafe poll(&waiting, 1, milliseconds) == 1 else { return false }
    var code: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    return unsafe getsockopt(socket, SOL_SOCKET, SO_ERROR, &code, &size) == 0 && code == 0
  }

  /// Whether it is in 127.0.0.0/8, where a client may have any source address of that network.
  package var isIPv4Loopback: Bool {
    // A sockaddr_in: family, port and address, of 2, 2 and 4 bytes.
    family == AF_INET && bytes.count >= 8 && bytes[4] == 127
  }

  /// Whether connecting to it takes up a port here.
  package var usesPorts: Bool { family != AF_UNIX }
}
