internal import CReactor
internal import Glibc

/// A listening socket, before it is handed to libevent.
enum Socket {
  /// How many connections may wait to be accepted; the kernel caps it at `net.core.somaxconn`.
  private static let backlog: Int32 = 4096
  private static let type = Int32(
    SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)

  /// Opens the sockets for `address`: one, or several where a name has several addresses.
  ///
  /// Looks names up, which blocks: for the time before the loop runs.
  static func listen(on address: ListenAddress, _ options: SocketOptions) throws(ReactorError)
    -> [Int32]
  {
    switch address {
    case .unix(let path): return [try listen(path: path)]
    case .tcp(let host, let port):
      var hints = unsafe addrinfo()
      unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
      unsafe hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
      var list: UnsafeMutablePointer<addrinfo>?
      let status = unsafe getaddrinfo(host == "*" ? nil : host, String(port), &hints, &list)
      guard status == 0 else {
        throw ReactorError(
          function: "getaddrinfo",
          detail: "listening on \(address): \(unsafe String(cString: gai_strerror(status)))")
      }
      defer { unsafe freeaddrinfo(list) }
      var descriptors: [Int32] = []
      var next = unsafe list
      while let info = unsafe next {
        do throws(ReactorError) {
          descriptors.append(try unsafe listen(info.pointee, address, options))
        } catch {
          for descriptor in descriptors { close(descriptor) }
          throw error
        }
        // With port 0 each address would get a port of its own.
        if port == 0 { break }
        unsafe next = unsafe info.pointee.ai_next
      }
      return descriptors
    }
  }

  private static func listen(
    _ info: addrinfo, _ address: ListenAddress, _ options: SocketOptions
  ) throws(ReactorError) -> Int32 {
    let descriptor = socket(
      unsafe info.ai_family, type, 0)
    guard descriptor >= 0 else { throw .fromErrno("socket", "listening on \(address)") }
    set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
    if unsafe info.ai_family == AF_INET6 {
      set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1)
    }
    if options.reusePort { set(descriptor, SOL_SOCKET, SO_REUSEPORT, 1) }
    options.apply(to: descriptor)
    guard unsafe bind(descriptor, info.ai_addr, info.ai_addrlen) == 0,
      Glibc.listen(descriptor, backlog) == 0
    else {
      let error = ReactorError.fromErrno("bind", "listening on \(address)")
      close(descriptor)
      throw error
    }
    return descriptor
  }

  /// Binds a path, over a socket that a dead server left there but not over a living one's.
  ///
  /// Everyone may connect; whoever wants it otherwise restricts the directory.
  private static func listen(path: String) throws(ReactorError) -> Int32 {
    let descriptor = socket(AF_UNIX, type, 0)
    guard descriptor >= 0 else { throw .fromErrno("socket", "listening on unix:\(path)") }
    var status = unsafe withUnixAddress(path) { unsafe bind(descriptor, $0, $1) }
    if status != 0, errno == EADDRINUSE, isStale(path) {
      unsafe unlink(path)
      status = unsafe withUnixAddress(path) { unsafe bind(descriptor, $0, $1) }
    }
    guard status == 0, unsafe chmod(path, 0o666) == 0, Glibc.listen(descriptor, backlog) == 0 else {
      let error = ReactorError.fromErrno("bind", "listening on unix:\(path)")
      close(descriptor)
      throw error
    }
    return descriptor
  }

  /// Which file a socket's path is; nil when there is none, or it is no socket.
  ///
  /// A link is not followed: what it points to is not ours to replace.
  static func identity(of path: String) -> FileIdentity? {
    var status = stat()
    guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return nil }
    return FileIdentity(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
  }

  /// Whether `path` is a socket that nobody listens on.
  private static func isStale(_ path: String) -> Bool {
    guard identity(of: path) != nil else {
      errno = EADDRINUSE
      return false
    }
    let probe = socket(AF_UNIX, type, 0)
    defer { close(probe) }
    let refused =
      unsafe withUnixAddress(path) { unsafe connect(probe, $0, $1) } != 0 && errno == ECONNREFUSED
    if !refused { errno = EADDRINUSE }
    return refused
  }

  static func withUnixAddress<Result>(
    _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { bytes in
      // `ListenAddress` refuses paths that don't fit.
      unsafe bytes.copyBytes(from: path.utf8.prefix(bytes.count - 1))
    }
    return unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }

  /// Sets an integer option. What the kernel doesn't take, it goes without.
  static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int) {
    var value = Int32(clamping: value)
    _ = unsafe setsockopt(
      descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
  }

  /// Where a stream socket listens; nil when it is of no kind that we know.
  static func listeningAddress(of descriptor: Int32) -> ListenAddress? {
    var type: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &length) == 0,
      type == Int32(SOCK_STREAM.rawValue)
    else { return nil }
    if let path = path(of: descriptor) { return .unix(path: path) }
    let asked = ListenAddress.tcp(host: "", port: 0)
    let bound = boundAddress(of: descriptor, asked: asked)
    return bound == asked ? nil : bound
  }

  /// The path that a Unix socket is bound to; an abstract name begins with `@`.
  private static func path(of descriptor: Int32) -> String? {
    var address = sockaddr_un()
    var length = socklen_t(MemoryLayout<sockaddr_un>.size)
    let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe getsockname(descriptor, $0, &length)
      }
    }
    guard status == 0, address.sun_family == sa_family_t(AF_UNIX) else { return nil }
    let count = Int(length) - (MemoryLayout<sockaddr_un>.size - 108)
    guard count > 1 else { return nil }
    return unsafe withUnsafeBytes(of: address.sun_path) { bytes in
      let isAbstract = unsafe bytes[0] == 0
      let name = unsafe bytes[(isAbstract ? 1 : 0)..<min(count, 108)].prefix { $0 != 0 }
      return unsafe (isAbstract ? "@" : "") + String(decoding: name, as: UTF8.self)
    }
  }

  /// The address a listening TCP socket got.
  static func boundAddress(of descriptor: Int32, asked: ListenAddress) -> ListenAddress {
    guard case .tcp = asked else { return asked }
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let known = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe getsockname(descriptor, $0, &length) == 0 ? describe($0, length) : nil
      }
    }
    return known.map { .tcp(host: $0.host, port: $0.port) } ?? asked
  }

  /// Numeric host and port of an internet address.
  static func describe(_ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> (
    host: String, port: UInt16
  )? {
    var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    var port = [CChar](repeating: 0, count: Int(NI_MAXSERV))
    guard
      unsafe getnameinfo(
        address, length, &host, socklen_t(host.count), &port, socklen_t(port.count),
        NI_NUMERICHOST | NI_NUMERICSERV) == 0
    else { return nil }
    return UInt16(text(port)).map { (text(host), $0) }
  }

  private static func text(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}

/// One file, whatever its path.
struct FileIdentity: Equatable {
  let device: UInt64
  let number: UInt64
}

/// What is set on a listening TCP socket, for each accepted one to inherit (measured: Linux hands
/// all of them on).
package struct SocketOptions: Sendable {
  /// Idle time after which the kernel asks whether the peer is still there. Unit: whole seconds.
  package var keepAliveIdle = Duration.seconds(15)
  /// Time between such questions; after three without an answer the connection is dead.
  package var keepAliveInterval = Duration.seconds(5)
  /// Sent bytes that stay unacknowledged for so long end the connection (RFC 5482). The kernel looks
  /// when it retransmits, some time later (Tests/system): 18 s is within 20.
  package var userTimeout = Duration.seconds(18)
  /// Bytes the kernel may hold for a peer that doesn't read; the kernel doubles the figure for its own
  /// bookkeeping. Left to itself it grows to the third figure of `tcp_wmem`, 4 MiB (tcp(7)).
  package var sendBuffer = 64 << 10

  /// Whether others may listen on the same port, each getting a share of the connections
  /// (SO_REUSEPORT): to be set on all of them.
  package var reusePort = false

  package init() {}

  func apply(to descriptor: Int32) {
    let tcp = Int32(IPPROTO_TCP)
    Socket.set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
    Socket.set(descriptor, tcp, TCP_KEEPIDLE, Int(keepAliveIdle.components.seconds))
    Socket.set(descriptor, tcp, TCP_KEEPINTVL, Int(keepAliveInterval.components.seconds))
    Socket.set(descriptor, tcp, TCP_KEEPCNT, 3)
    Socket.set(descriptor, tcp, TCP_USER_TIMEOUT, Int(userTimeout / .milliseconds(1)))
    Socket.set(descriptor, tcp, TCP_NODELAY, 1)
    Socket.set(descriptor, SOL_SOCKET, SO_SNDBUF, sendBuffer)
  }
}
