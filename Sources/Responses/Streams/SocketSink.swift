internal import Hub
internal import Limits
internal import Reactor

/// Where the hub's bytes go in production: the sockets of a `StreamSet`.
final class SocketSink: EventSink {
  private let streams: StreamSet
  private let userTimeout: Duration
  private let admission: Admission?
  private let accessLog: AccessLog?

  /// - Parameters:
  ///   - userTimeout: what the sockets inherited; it rests while one is blocked.
  ///   - admission: what has counted the streams; nil: nothing has.
  ///   - accessLog: what keeps a record of them; nil: nothing does.
  init(
    _ streams: StreamSet, userTimeout: Duration, admission: Admission?, accessLog: AccessLog?
  ) {
    self.streams = streams
    self.userTimeout = userTimeout
    self.admission = admission
    self.accessLog = accessLog
  }

  func write(_ bytes: Span<UInt8>, to handle: StreamHandle) -> WriteResult {
    let socket = StreamSocket(handle)
    switch streams.write(bytes, to: socket) {
    case .wrote(let count):
      accessLog?.wrote(count, to: socket)
      return .wrote(count)
    case .gone(let loss): return .gone(CloseReason(loss))
    }
  }

  func reasonOfLoss(_ handle: StreamHandle) -> CloseReason {
    CloseReason(streams.loss(of: StreamSocket(handle)))
  }

  func setBlocked(_ isBlocked: Bool, _ handle: StreamHandle, _ token: StreamToken) {
    let socket = StreamSocket(handle)
    if isBlocked { streams.reportRoom(of: socket, token: token.rawValue) }
    streams.setUserTimeout(isBlocked ? nil : userTimeout, of: socket)
  }

  func close(_ handle: StreamHandle, _ reason: CloseReason) {
    let socket = StreamSocket(handle)
    admission?.closed(socket)
    accessLog?.closed(socket, reason)
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
