internal import Hub
internal import Reactor

/// Passes what happens to sockets on to the hub, which is made after their set.
final class StreamRelay {
  /// Set before the loop runs.
  weak var hub: Hub?

  func pass(_ token: UInt64, _ occurrence: StreamSet.Occurrence) {
    let token = StreamToken(rawValue: token)
    switch occurrence {
    case .writable: hub?.resume(token)
    case .gone: hub?.lose(token)
    }
  }
}
