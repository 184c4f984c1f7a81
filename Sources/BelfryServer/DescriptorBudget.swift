/// How the descriptors that the process may hold are shared out.
struct DescriptorBudget {
  /// Below this there is no serving: listening, libevent, the log and a few connections.
  private static let minimum = 32
  /// Our own, listening sockets not counted: the standard ones, libevent's, the log's, Redis'. 15 were
  /// counted, 18 with Redis (ls /proc/PID/fd).
  private static let own = 24

  /// What the process may hold.
  let limit: Int
  /// What the operators' side may take of that.
  let admin: Int

  /// - Throws: when there are too few.
  init(limit: Int, admin: Int) throws(SettingsError) {
    guard limit >= Self.minimum + admin else {
      throw SettingsError(
        "the limit on descriptors is \(limit) (ulimit -n); at least \(Self.minimum + admin) are needed"
      )
    }
    self.limit = limit
    self.admin = admin
  }

  /// Streams at most. The rest is for listening, publishers, files and libevent.
  var streams: Int { max(1, limit - admin - min(100, max(24, limit / 4))) }

  /// Streams and public connections together, beside so many listening sockets.
  func sockets(beside listening: Int) -> Int { limit - admin - Self.own - listening }
}
