internal import Operations

/// How the descriptors that the process may hold are shared out.
package struct DescriptorBudget {
  /// Below this there is no serving: listening, libevent, the log and a few connections.
  private static let minimum = 32
  /// Our own, listening sockets not counted: the standard ones, libevent's, the log's, Redis'. 15 were
  /// counted, 18 with Redis (ls /proc/PID/fd).
  private static let own = 24

  /// What the process may hold.
  private let limit: Int
  /// What the operators' side and the access log may take of that.
  private let apart: Int

  /// - Parameters:
  ///   - adminSockets: how many the operators' side listens on.
  ///   - limit: what the process may hold.
  /// - Throws: when there are too few.
  package init(_ settings: ServerSettings, adminSockets: Int, limit: Int) throws(SettingsError) {
    apart =
      (adminSockets > 0 ? AdminServer.descriptors + adminSockets : 0)
      + (settings.accessLog == nil ? 0 : AccessLog.descriptors)
    guard limit >= Self.minimum + apart else {
      throw SettingsError(
        "the file descriptor limit (ulimit -n) is \(limit); at least \(Self.minimum + apart) are needed"
      )
    }
    self.limit = limit
  }

  /// Streams at most. The rest is for listening, publishers, files and libevent.
  package var streams: Int { max(1, limit - apart - min(100, max(24, limit / 4))) }

  /// Streams and public connections together, beside so many listening sockets.
  func sockets(beside listening: Int) -> Int { limit - apart - Self.own - listening }
}
