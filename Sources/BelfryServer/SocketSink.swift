internal import Hub
internal import Reactor

/// Where the hub's bytes go in production: the sockets of a `StreamSet`.
struct SocketSink: EventSink {
  let streams: StreamSet

  func write(_ bytes: Span<UInt8>, to socket: StreamSocket) -> WriteResult {
    switch streams.write(bytes, to: socket) {
    case .wrote(let count): .wrote(count)
    case .gone(let loss): .gone(CloseReason(loss))
    }
  }

  func close(_ socket: StreamSocket) { streams.close(socket) }
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
