import Hub

/// A sink for a hub that nobody listens to.
final class Nobody: EventSink {
  func write(_ bytes: Span<UInt8>, to handle: StreamHandle) -> WriteResult { .gone(.client) }
  func reasonOfLoss(_ handle: StreamHandle) -> CloseReason { .client }
  func setBlocked(_ isBlocked: Bool, _ handle: StreamHandle, _ token: StreamToken) {}
  func close(_ handle: StreamHandle, _ reason: CloseReason) {}
}
