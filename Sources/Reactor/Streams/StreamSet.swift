internal import CReactor
internal import Glibc

/// A socket that has left evhttp; closed by `StreamSet.close`, or by whoever holds it before that.
package struct StreamSocket: Hashable, Sendable {
  package let descriptor: Int32
  package init(descriptor: Int32) { self.descriptor = descriptor }
}

/// The open streams' sockets: writes to them, and hears when one has room again or is gone.
///
/// They hang in an epoll set of their own, which is one event of the loop: a watched socket costs
/// nothing here, where libevent would want an `event` of 128 B for each. Edge-triggered, a socket that
/// takes all it is offered needs no further system call: what the client sends stays in the kernel,
/// unread and without waking us.
@safe package final class StreamSet {
  /// What happened to a socket.
  package enum Occurrence: Sendable {
    /// There is room for more bytes.
    case writable
    /// The other end closed or reset the connection, or closed half of it, or can't be reached;
    /// `loss(of:)` tells which.
    case gone
  }

  /// How a connection was lost.
  package enum Loss: Sendable {
    /// The peer ended it.
    case closedByPeer
    /// The peer no longer answers: keepalive or TCP_USER_TIMEOUT.
    case unreachable
    /// Any other error.
    case error
  }

  /// How far a write got.
  package enum Outcome: Sendable {
    /// So many bytes were taken; fewer than offered means that the socket is full.
    case wrote(Int)
    case gone(Loss)
  }

  /// Events fetched in one system call.
  private static let batch = 256

  private let descriptor: Int32
  private let onOccurrence: (_ token: UInt64, Occurrence) -> Void
  private var events: [epoll_event]
  private var watch: LoopEvent?

  /// - Parameter onOccurrence: gets the token that the socket was added with.
  package init(
    on loop: EventLoop, onOccurrence: @escaping (_ token: UInt64, Occurrence) -> Void
  ) throws(ReactorError) {
    self.onOccurrence = onOccurrence
    unsafe events = unsafe Array(repeating: epoll_event(), count: Self.batch)
    descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard descriptor >= 0 else { throw .fromErrno("epoll_create1", "creating a set of streams") }
    watch = try LoopEvent(on: loop, readable: descriptor) { [unowned self] in dispatch() }
  }

  deinit {
    watch = nil
    Glibc.close(descriptor)
  }

  /// Watches a socket until it is closed.
  ///
  /// Room is not watched for: it is there, and the kernel would say so of each new socket at once.
  package func add(_ socket: StreamSocket, token: UInt64) throws(ReactorError) {
    let added = control(EPOLL_CTL_ADD, socket, token, EPOLLRDHUP.rawValue)
    // Its first write may have filled it: then it is watched already.
    guard added || errno == EEXIST else { throw .fromErrno("epoll_ctl", "watching a stream") }
  }

  /// Reports from now on each time that a socket has room again after it was full; also when it has
  /// some already.
  package func reportRoom(of socket: StreamSocket, token: UInt64) {
    let events = EPOLLRDHUP.rawValue | EPOLLOUT.rawValue
    if control(EPOLL_CTL_MOD, socket, token, events) { return }
    // Not added yet. Without memory for that there is no report, and the limit on lag ends it.
    _ = control(EPOLL_CTL_ADD, socket, token, events)
  }

  private func control(
    _ operation: Int32, _ socket: StreamSocket, _ token: UInt64, _ events: UInt32
  ) -> Bool {
    var event = unsafe epoll_event()
    unsafe event.events = events | EPOLLET.rawValue
    unsafe event.data.u64 = token
    return unsafe epoll_ctl(descriptor, operation, socket.descriptor, &event) == 0
  }

  /// Hands bytes to the kernel, as many as it takes without waiting.
  package func write(_ bytes: Span<UInt8>, to socket: StreamSocket) -> Outcome {
    let flags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
    while true {
      let sent = unsafe bytes.withUnsafeBytes {
        unsafe send(socket.descriptor, $0.baseAddress, $0.count, flags)
      }
      if sent >= 0 { return .wrote(sent) }
      switch errno {
      case EINTR: continue
      case EAGAIN, ENOBUFS, ENOMEM: return .wrote(0)
      case let code: return .gone(Loss(errno: code))
      }
    }
  }

  /// How the connection of a socket was lost that is reported as gone.
  package func loss(of socket: StreamSocket) -> Loss {
    var code: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    unsafe getsockopt(socket.descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
    return code == 0 ? .closedByPeer : Loss(errno: code)
  }

  /// Sets for how long sent bytes may stay unacknowledged, or unsent before a closed window, until
  /// the kernel ends the connection; nil: for as long as retransmitting takes (tcp(7)).
  package func setUserTimeout(_ timeout: Duration?, of socket: StreamSocket) {
    // A Unix socket has no such option, and needs none.
    let milliseconds = timeout.map { Int($0 / .milliseconds(1)) } ?? 0
    Socket.set(socket.descriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, milliseconds)
  }

  /// Closes a socket, which ends its watch.
  ///
  /// What the client has sent is thrown away in the kernel: closing a socket with unread bytes resets
  /// the connection, and the client might lose the end of its stream.
  package func close(_ socket: StreamSocket) {
    let flags = Int32(MSG_DONTWAIT) | Int32(MSG_TRUNC)
    _ = recv(socket.descriptor, nil, 1 << 20, flags)
    Glibc.close(socket.descriptor)
  }

  private func dispatch() {
    let count = unsafe epoll_wait(descriptor, &events, Int32(Self.batch), 0)
    let lost = EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue
    for index in 0..<max(0, Int(count)) {
      let event = unsafe events[index]
      let isLost = unsafe event.events & lost != 0
      onOccurrence(unsafe event.data.u64, isLost ? .gone : .writable)
    }
  }
}

extension StreamSet.Loss {
  fileprivate init(errno code: Int32) {
    self =
      switch code {
      case EPIPE, ECONNRESET, ENOTCONN: .closedByPeer
      case ETIMEDOUT, EHOSTUNREACH, ENETUNREACH: .unreachable
      default: .error
      }
  }
}
