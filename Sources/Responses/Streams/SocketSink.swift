package import Hub
package import Reactor

/// Where the hub's bytes go in production: the sockets of a `StreamSet`.
package final class SocketSink: EventSink {
  private let streams: StreamSet
  private let userTimeout: Duration
  private let onWrite: ((_ bytes: Int, StreamSocket) -> Void)?
  private let onClose: (StreamSocket, CloseReason) -> Void

  /// - Parameters:
  ///   - userTimeout: what the sockets inherited; it rests while one is blocked.
  ///   - onWrite: called after each write that took bytes; nil: nobody counts them.
  ///   - onClose: called before a socket is closed.
  package init(
    _ streams: StreamSet, userTimeout: Duration,
    onWrite: ((_ bytes: Int, StreamSocket) -> Void)? = nil,
    onClose: @escaping (StreamSocket, CloseReason) -> Void = { _, _ in }
  ) {
    self.streams = streams
    self.userTimeout = userTimeout
    self.onWrite = onWrite
    self.onClose = onClose
  }

  package func write(_ bytes: Span<UInt8>, to handle: StreamHandle) -> WriteResult {
    let socket = StreamSocket(handle)
    switch streams.write(bytes, to: socket) {
    case .wrote(let count):
      onWrite?(count, socket)
      return .wrote(count)
    case .gone(let loss): return .gone(CloseReason(loss))
    }
  }

  package func reasonOfLoss(_ handle: StreamHandle) -> CloseReason {
    CloseReason(streams.loss(of: StreamSocket(handle)))
  }

  package func setBlocked(_ isBlocked: Bool, _ handle: StreamHandle, _ token: StreamToken) {
    let socket = StreamSocket(handle)
    if isBlocked { streams.reportRoom(of: socket, token: token.rawValue) }
    streams.setUserTimeout(isBlocked ? nil : userTimeout, of: socket)
  }

  package func close(_ handle: StreamHandle, _ reason: CloseReason) {
    let socket = StreamSocket(handle)
    onClose(socket, reason)
    streams.close(socket)
  }
}

extension StreamSocket {
  /// A stream's socket is the hub's handle for it.
  init(_ handle: StreamHandle) { self.init(descriptor: handle.rawValue) }
}

extension CloseReason {
  init(_ loss: StreamSet.Loss) {
    self =
      switch loss {
      case .closedByPeer: .client
      case .unreachable: .dead
      case .error: .error
      }
  }
}
