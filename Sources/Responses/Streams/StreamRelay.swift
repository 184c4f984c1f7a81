package import Hub
package import Reactor

/// Passes what happens to sockets on to the hub, which is made after their set.
package final class StreamRelay {
  /// Set before the loop runs.
  package weak var hub: Hub?

  /// Without a hub yet.
  package init() {}

  /// Something has happened to the stream whose token this is.
  package func pass(_ token: UInt64, _ occurrence: StreamSet.Occurrence) {
    let token = StreamToken(rawValue: token)
    switch occurrence {
    case .writable: hub?.resume(token)
    case .gone: hub?.lose(token)
    }
  }
}
