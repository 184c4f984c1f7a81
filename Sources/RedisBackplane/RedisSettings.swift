package import Reactor

/// Which Redis connects the nodes, and how patient we are with it.
package struct RedisSettings: Sendable {
  /// Where it is.
  package var address: RedisAddress
  /// An answer that is later counts as none, and Redis as gone.
  package var timeout: Duration

  /// - Parameter timeout: must be positive.
  package init(_ address: RedisAddress, timeout: Duration) {
    self.address = address
    self.timeout = timeout
  }
}
