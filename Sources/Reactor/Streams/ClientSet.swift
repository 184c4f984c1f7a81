internal import CReactor
internal import Glibc

/// Many client connections of one kind: connects them, sends what each has to say, and hands up what
/// they receive.
///
/// They hang in an epoll set of their own, which is one event of the loop, edge-triggered: a read
/// that comes back short has emptied its socket, so a delivery costs one `recv` and a share of one
/// `epoll_wait`. All read into one buffer.
@safe package final class ClientSet {
  /// How a connection ended.
  package enum Ending: Hashable, Sendable, CustomStringConvertible {
    /// The server closed it.
    case closed
    /// Connecting, sending or receiving failed; the kernel's `errno`.
    case failed(Int32)

    package var description: String {
      switch self {
      case .closed: "the server closed the connection"
      case .failed(let code): unsafe String(cString: strerror(code))
      }
    }

    /// Whether nobody listens there.
    package var isRefusal: Bool { self == .failed(ECONNREFUSED) || self == .failed(ENOENT) }
  }

  /// What is chosen for a connection.
  package struct Options: Sendable {
    /// The source is this address of 127.0.0.0/8: 1 is 127.0.0.1; nil lets the kernel choose.
    package var source: UInt32?
    /// `SO_RCVBUF` in bytes; nil lets the kernel choose.
    package var receiveBuffer: Int?
    /// Whether closing resets the connection, which leaves no port waiting behind.
    package var resets = false
    package init() {}
  }

  private struct Client {
    /// -1 while there is no connection.
    var descriptor: Int32 = -1
    /// Changes with each connection, so that an event fetched for an earlier one is known as late.
    var generation: UInt32 = 0
    var isPaused = false
    /// What a call before the event took out of the socket's error.
    var error: Int32 = 0
    /// What the kernel has not taken yet.
    var unsent: [UInt8] = []
  }

  /// Events fetched in one turn of the loop: few enough that whatever else is due never waits for
  /// more than a millisecond.
  private static let batch = 128
  /// Bytes that one read takes at most.
  private static let bufferBytes = 256 << 10
  /// Reads that one connection has in one turn: others wait while one sends without end.
  private static let maximumReads = 16

  private let descriptor: Int32
  private let onBytes: (_ token: Int, _ bytes: Span<UInt8>, _ moment: UInt64) -> Void
  private let onEnd: (_ token: Int, Ending) -> Void
  /// By token.
  private var clients: [Client]
  private var events: [epoll_event]
  private var buffer: [UInt8]
  private var watch: LoopEvent?
  /// How many events of connections were fetched so far.
  package private(set) var eventCount = 0
  /// Of these, those that were fetched while at least as many were waiting as are fetched at once:
  /// whoever measures was behind then.
  package private(set) var eventsBehind = 0

  /// - Parameter capacity: tokens are 0 ..< capacity.
  /// - Parameter onBytes: gets what a connection received, and when, in nanoseconds of
  ///   `MonotonicClock`; may close connections.
  /// - Parameter onEnd: is told of each end that `close` did not make; the connection is gone then.
  package init(
    on loop: EventLoop, capacity: Int,
    onBytes: @escaping (_ token: Int, _ bytes: Span<UInt8>, _ moment: UInt64) -> Void,
    onEnd: @escaping (_ token: Int, Ending) -> Void
  ) throws(ReactorError) {
    self.onBytes = onBytes
    self.onEnd = onEnd
    clients = Array(repeating: Client(), count: capacity)
    unsafe events = unsafe Array(repeating: epoll_event(), count: Self.batch)
    buffer = Array(repeating: 0, count: Self.bufferBytes)
    descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard descriptor >= 0 else { throw .fromErrno("epoll_create1", "creating a set of clients") }
    watch = try LoopEvent(on: loop, readable: descriptor) { [unowned self] in dispatch() }
  }

  deinit {
    watch = nil
    for client in clients where client.descriptor >= 0 { Glibc.close(client.descriptor) }
    Glibc.close(descriptor)
  }

  /// Whether the token has a connection, be it still connecting.
  package func isOpen(_ token: Int) -> Bool { clients[token].descriptor >= 0 }

  /// Begins to connect, and sends `bytes` as soon as that is through.
  ///
  /// - Throws: when it can't begin: no descriptor, no port, or (with a Unix socket) no place in the
  ///   server's queue, which `isTemporary` tells. All else `onEnd` is told of.
  package func connect(
    _ token: Int, to address: ClientAddress, _ options: Options = Options(), sending bytes: [UInt8]
  ) throws(ReactorError) {
    close(token)
    let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let socket = Glibc.socket(address.family, type, 0)
    guard socket >= 0 else { throw .fromErrno("socket", "connecting to \(address)") }
    do throws(ReactorError) {
      try prepare(socket, address, options)
      let status = unsafe address.bytes.withUnsafeBytes { bytes in
        unsafe Glibc.connect(
          socket, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self),
          socklen_t(bytes.count))
      }
      guard status == 0 || errno == EINPROGRESS else {
        throw .fromErrno("connect", "connecting to \(address)")
      }
      clients[token].descriptor = socket
      clients[token].generation &+= 1
      clients[token].isPaused = false
      clients[token].error = 0
      clients[token].unsent = bytes
      try watch(token, EPOLL_CTL_ADD)
    } catch {
      clients[token].descriptor = -1
      clients[token].unsent = []
      Glibc.close(socket)
      throw error
    }
    // On loopback a connection is through at once, and need not wait for a turn of the loop.
    flush(token)
  }

  private func prepare(
    _ socket: Int32, _ address: ClientAddress, _ options: Options
  ) throws(ReactorError) {
    if let size = options.receiveBuffer { Socket.set(socket, SOL_SOCKET, SO_RCVBUF, size) }
    if options.resets {
      var hard = linger(l_onoff: 1, l_linger: 0)
      _ = unsafe setsockopt(
        socket, SOL_SOCKET, SO_LINGER, &hard, socklen_t(MemoryLayout<linger>.size))
    }
    guard address.usesPorts else { return }
    Socket.set(socket, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    guard let source = options.source, address.isIPv4Loopback else { return }
    // So that the port is chosen by `connect`: one is then taken per source *and* destination.
    Socket.set(socket, Int32(IPPROTO_IP), IP_BIND_ADDRESS_NO_PORT, 1)
    var from = sockaddr_in()
    from.sin_family = sa_family_t(AF_INET)
    from.sin_addr.s_addr = (0x7F00_0000 + source).bigEndian
    let status = unsafe withUnsafePointer(to: &from) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0 else { throw .fromErrno("bind", "choosing a source address") }
  }

  private func watch(_ token: Int, _ operation: Int32) throws(ReactorError) {
    let client = clients[token]
    var event = unsafe epoll_event()
    let reading = client.isPaused ? 0 : EPOLLIN.rawValue | EPOLLRDHUP.rawValue
    unsafe event.events = reading | EPOLLOUT.rawValue | EPOLLET.rawValue
    unsafe event.data.u64 = UInt64(client.generation) << 32 | UInt64(token)
    guard unsafe epoll_ctl(descriptor, operation, client.descriptor, &event) == 0 else {
      throw .fromErrno("epoll_ctl", "watching a connection")
    }
  }

  /// Sends more; on a token without a connection nothing happens.
  package func send(_ token: Int, _ bytes: [UInt8]) {
    guard isOpen(token) else { return }
    if clients[token].unsent.isEmpty {
      clients[token].unsent = bytes
      flush(token)
    } else {
      clients[token].unsent += bytes
    }
  }

  /// Leaves what comes unread in the kernel, until `resume`; the end of the connection too.
  package func pause(_ token: Int) throws(ReactorError) {
    guard isOpen(token), !clients[token].isPaused else { return }
    clients[token].isPaused = true
    try watch(token, EPOLL_CTL_MOD)
  }

  /// Reads again, beginning with what has come meanwhile.
  package func resume(_ token: Int) throws(ReactorError) {
    guard isOpen(token), clients[token].isPaused else { return }
    clients[token].isPaused = false
    // > EPOLL_CTL_MOD ... an event is generated if the condition holds at that time: it re-arms.
    try watch(token, EPOLL_CTL_MOD)
  }

  /// Ends a connection, without `onEnd`.
  package func close(_ token: Int) {
    let descriptor = clients[token].descriptor
    guard descriptor >= 0 else { return }
    clients[token].descriptor = -1
    clients[token].unsent = []
    Glibc.close(descriptor)
  }

  // MARK: Events

  private func dispatch() {
    let count = unsafe epoll_wait(descriptor, &events, Int32(Self.batch), 0)
    eventCount += max(0, Int(count))
    if count == Self.batch { eventsBehind += Self.batch }
    for index in 0..<max(0, Int(count)) {
      let flags = unsafe events[index].events
      let data = unsafe events[index].data.u64
      let token = Int(data & 0xFFFF_FFFF)
      guard clients[token].descriptor >= 0, clients[token].generation == UInt32(data >> 32) else {
        continue
      }
      if flags & EPOLLOUT.rawValue != 0, !clients[token].unsent.isEmpty { flush(token) }
      let ending = EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue
      guard flags & (EPOLLIN.rawValue | ending) != 0, !clients[token].isPaused else { continue }
      receive(token, generation: UInt32(data >> 32), toEnd: flags & ending != 0)
    }
  }

  /// - Parameter toEnd: the connection has ended, or half of it: a short read is not the last.
  private func receive(_ token: Int, generation: UInt32, toEnd: Bool) {
    // Taken out while it is handed up, so that nobody else can have it.
    var block: [UInt8] = []
    swap(&block, &buffer)
    defer { swap(&block, &buffer) }
    var reads = 0
    while clients[token].descriptor >= 0, clients[token].generation == generation,
      !clients[token].isPaused
    {
      guard reads < Self.maximumReads else {
        // Fetched anew in the next turn. It is watched already, so nothing but the kernel's memory can
        // be lacking.
        if (try? watch(token, EPOLL_CTL_MOD)) == nil { end(token, .failed(ENOMEM)) }
        return
      }
      reads += 1
      let count = unsafe recv(
        clients[token].descriptor, &block, block.count, Int32(MSG_DONTWAIT))
      if count > 0 {
        onBytes(token, block.span.extracting(0..<count), MonotonicClock.nanoseconds)
        if count < block.count, !toEnd { return }
      } else if count == 0 {
        // Sending may have met the error before, and taken it.
        let code = clients[token].error
        return end(token, code == 0 ? .closed : .failed(code))
      } else if errno != EINTR {
        guard errno != EAGAIN else { return }
        let code = clients[token].error == 0 ? errno : clients[token].error
        return end(token, .failed(code))
      }
    }
  }

  private func end(_ token: Int, _ ending: Ending) {
    close(token)
    onEnd(token, ending)
  }

  /// Sends what the kernel takes. An error shows itself again when the socket is read.
  private func flush(_ token: Int) {
    let flags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
    while !clients[token].unsent.isEmpty {
      let sent = unsafe clients[token].unsent.withUnsafeBytes {
        unsafe Glibc.send(clients[token].descriptor, $0.baseAddress, $0.count, flags)
      }
      if sent == clients[token].unsent.count {
        clients[token].unsent = []
      } else if sent > 0 {
        clients[token].unsent.removeFirst(sent)
      } else if sent < 0, errno == EINTR {
        continue
      } else {
        // The first one says why; those after it only that there was one.
        if errno != EAGAIN, errno != ENOTCONN, clients[token].error == 0 {
          clients[token].error = errno
        }
        return
      }
    }
  }
}

extension ReactorError {
  /// Whether the same call may succeed a little later: a full queue of a Unix socket.
  package var isTemporary: Bool { code == EAGAIN }
  /// Whether the process has no descriptor left.
  package var isOutOfDescriptors: Bool { code == EMFILE || code == ENFILE }
  /// Whether no source port is left.
  package var isOutOfPorts: Bool { code == EADDRNOTAVAIL || code == EADDRINUSE }
}
