package import Hub

/// A sink for a hub that nobody listens to.
package final class Nobody: EventSink {
  package init() {}
  package func write(_ bytes: Span<UInt8>, to handle: StreamHandle) -> WriteResult {
    .gone(.client)
  }
  package func reasonOfLoss(_ handle: StreamHandle) -> CloseReason { .client }
  package func setBlocked(_ isBlocked: Bool, _ handle: StreamHandle, _ token: StreamToken) {}
  package func close(_ handle: StreamHandle, _ reason: CloseReason) {}
}
