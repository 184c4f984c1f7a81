package import Reactor

/// Which Redis connects the nodes, and how patient we are with it.
package struct RedisSettings: Sendable {
  /// Where it is.
  package var address: RedisAddress
  /// An answer that is later counts as none, and Redis as gone.
  package var timeout: Duration
  /// What keys and channels begin with, so that deployments on one Redis are apart; nil: nothing of the kind.
  package var prefix: String?
  /// Whether messages are also published as plain lines, on the channel with the room's name, and lines that
  /// come there are heard.
  package var hasPlainLines: Bool
  /// How many living nodes of 0.1.0 don't keep this one from beginning: a server that it takes over from.
  package var sparedEarlierNodes = 0

  /// - Parameters:
  ///   - timeout: must be positive.
  ///   - prefix: without braces, which would make another hash tag.
  package init(
    _ address: RedisAddress, timeout: Duration, prefix: String? = nil, hasPlainLines: Bool = true
  ) {
    self.address = address
    self.timeout = timeout
    self.prefix = prefix
    self.hasPlainLines = hasPlainLines
  }
}
