internal import Hub
internal import Limits
internal import Logging
internal import Reactor

/// The options of `belfry serve`, one row each.
///
/// An option is added here, with its setting and default in `ServerSettings`, and where it is used.
package enum OptionTable {
  /// Rows under a title, as help shows them.
  package struct Section: Sendable {
    package let title: String
    package let rows: [OptionRow]
  }

  /// In the order of help and documentation.
  package static let sections = [
    Section(title: "General", rows: addresses + rooms + streams + sessions + life),
    Section(title: "Limits", rows: limits),
    Section(title: "Access log", rows: accessLog),
  ]

  /// All rows.
  package static let rows = sections.flatMap(\.rows)

  private static let byName = Dictionary(uniqueKeysWithValues: rows.map { ($0.name, $0) })

  /// - Parameter name: without dashes.
  package static func row(named name: String) -> OptionRow? { byName[name] }

  /// The row of a setting; traps when there is none.
  package static func row(for path: AnyKeyPath) -> OptionRow {
    guard let row = rows.first(where: { $0.path == path }) else {
      preconditionFailure("no option sets \(path)")
    }
    return row
  }

  /// The option whose name is nearest to one that doesn't exist, as any source may write it; nil: none is
  /// near.
  static func nearest(to written: String) -> String? {
    let name = normal(written)
    return byName[name] != nil ? name : NearestName.of(name, among: rows.map(\.name))
  }

  /// `history-age` of `--history-age`, `BELFRY_HISTORY_AGE` and `history_age`.
  static func normal(_ written: String) -> String {
    let prefix = OptionRow.variablePrefix
    let bare =
      written.hasPrefix(prefix) ? written.dropFirst(prefix.count) : written.drop { $0 == "-" }
    return String(bare.lowercased().map { $0 == "_" ? "-" : $0 })
  }

  // What is counted in ticks must not be so long that their number overflows.
  private static let day = Duration.seconds(86400)

  /// Shorter, a time to wait is over before anything can happen in it, or what is done that often costs more than
  /// what it is for.
  private static let least = Duration.milliseconds(100)

  /// A message of line ends alone is seven times as long on a stream (`data: ` and LF for each): 448 MiB,
  /// less than the 512 MiB that Redis takes as one string.
  private static let longestMessage = 64 << 20

  private static let addresses = [
    OptionRow(
      "config", \.configFile, .optional(.file()), .restart,
      """
      Read options from this file, one per line, such as history-age = 2h. SIGHUP reloads this file and \
      --secret-file.
      """),
    OptionRow(
      "listen", \.listen, .list(.address, orElse: "HOST:PORT, [IPV6]:PORT or unix:PATH"), .restart,
      "Address to listen on: HOST:PORT, [IPV6]:PORT or unix:PATH. Repeatable."),
    OptionRow(
      "admin-listen", \.adminListen, .list(.address), .restart,
      """
      Address that serves /status, /metrics, /healthz and /readyz, written as for --listen. Only \
      operators should be able to reach it. Repeatable.
      """),
    OptionRow("base-path", \.basePath, .basePath, .restart, "Prefix of all paths, such as /chat."),
  ]

  private static let rooms = [
    OptionRow(
      "rooms", \.rooms, .rooms, .restart,
      "Rooms that clients may use: a name, or a pattern with * and ?. Repeatable.",
      default: "*; with plain lines in Redis only chat, because other channels there may be private"
    ),
    OptionRow(
      "max-rooms", \.hub.maximumRooms, .count(from: 1), .restart,
      "Maximum number of rooms in memory."),
    OptionRow(
      "max-message", \.maximumMessage, .size(1...longestMessage), .live,
      "Maximum size of a message."),
    OptionRow(
      "history-count", \.hub.historyCount, .count(from: 0), .restart,
      "Number of messages kept for replay per room; 0 keeps none."),
    OptionRow(
      "history-age", \.hub.historyAge, .duration(), .restart,
      "How long a message is kept for replay."),
    OptionRow(
      "history-bytes", \.hub.historyBytes, .size(), .restart,
      "Maximum size of the messages kept for replay, all rooms together."),
  ]

  private static let streams = [
    OptionRow(
      "heartbeat", \.hub.heartbeat, .duration(least...day, orZero: true), .restart,
      "Send a comment on a stream that was silent for this long; 0 means never."),
    OptionRow(
      "retry", \.hub.retry, .duration(), .live, "How long a browser waits before it reconnects."),
    OptionRow(
      "listener-lag", \.hub.listenerLag, .duration(least...day), .live,
      "Close a listener when its oldest unsent byte is older than this."),
    OptionRow(
      "listener-lag-bytes", \.hub.listenerLagBytes, .size(1...Int.max), .live,
      "Close a listener when it has more unsent bytes than this."),
    OptionRow(
      "retained-bytes", \.hub.retainedBytes, .size(), .live,
      """
      Maximum size of the messages that are no longer in history but that slow listeners still need, all \
      rooms together. Above it, the slowest listeners are closed.
      """),
  ]

  private static let sessions = [
    OptionRow(
      "session-age", \.sessionAge, .duration(.seconds(1)...DurationText.maximum), .live,
      "How long a sign-in lasts."),
    OptionRow(
      "secret-file", \.keySource, .optional(.keys), .liveUnlessUnset,
      """
      File with the keys that sign sessions, one per line, at least 32 bytes each. The first key signs, \
      all keys verify. BELFRY_SECRET can hold the keys instead.
      """, default: "a random key; sign-ins are lost when the server stops"),
    OptionRow(
      "origin", \.origins, .list(.origin), .live,
      "Another origin whose pages may listen and post, such as https://example.org. Repeatable."),
    OptionRow(
      "trusted-proxy", \.trustedProxies, .proxies, .live,
      """
      Proxy whose X-Forwarded-For, -Proto, -Host and -Prefix, or Forwarded, fields are trusted: an \
      address, a network such as 10.0.0.0/8, or unix. Repeatable.
      """),
    OptionRow(
      "redis", \.redisAddress, .optional(.redis), .restart,
      """
      Redis that connects several nodes: redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE] or \
      unix:PATH[?db=DATABASE].
      """, default: "none, a single node"),
    OptionRow(
      "redis-prefix", \.redisPrefix, .optional(.redisPrefix), .restart,
      """
      Name that all keys and channels in Redis begin with: nodes with another name, or none, are another \
      deployment.
      """, default: "none"),
    OptionRow(
      "redis-plain-lines", \.redisPlainLines, .flag, .restart,
      """
      With --redis-prefix, exchange plain lines with other programs on the Redis channel with the room's \
      name. Without a prefix this is always on.
      """),
    OptionRow(
      "redis-timeout", \.redisTimeout, .duration(least...day), .restart,
      "How long to wait for an answer from Redis before it counts as down."),
  ]

  private static let life = [
    OptionRow(
      "vue-path", \.vueFile, .contents(orElse: "install the Debian package libjs-vue"), .restart,
      "Path of Vue's runtime build."),
    OptionRow(
      "drain-time", \.drainTime, .duration(), .live,
      "Time for streams and requests to end when the server stops."),
    OptionRow(
      "takeover-time", \.takeoverTime, .duration(least...DurationText.maximum), .live,
      "Time for streams and requests to end after a successor has taken over."),
    OptionRow(
      "takeover-timeout", \.takeoverTimeout, .duration(least...DurationText.maximum), .live,
      "Time for a successor (SIGUSR2) to start, and the same again to load the history."),
    OptionRow(
      "reuse-port", \.reusePort, .flag, .restart,
      "Let other processes with this option listen on the same ports."),
    OptionRow(
      "stats-interval", \.statisticsInterval, .interval(least...DurationText.maximum), .restart,
      "How often to log a line of counters; 0 means never."),
    OptionRow("log-level", \.logLevel, .choice, .live, "Lowest level that is logged."),
  ]

  private static let limits = [
    OptionRow(
      "max-listeners", \.admission.listeners, .optional(.count(from: 1)), .live,
      "Maximum number of open streams.", default: "what the file descriptor limit allows"),
    OptionRow(
      "max-listeners-per-ip", \.admission.listenersPerAddress, .count(from: 0), .live,
      "Maximum number of open streams per IPv4 address or IPv6 /64; 0 means no limit."),
    OptionRow(
      "post-rate", \.admission.postRate, .rate, .live,
      """
      Maximum rate of messages per client address, and per signed-in name. 5/s allows five at once and \
      one more every 200 ms; 20/m allows twenty at once and one more every 3 s; 0 means no limit.
      """),
    OptionRow(
      "new-names-rate", \.admission.newNamesRate, .rate, .live,
      """
      Maximum rate of new rooms per client address: rooms that are not in memory when a stream or a message \
      asks for them. Written as for --post-rate; 0 means no limit.
      """),
    OptionRow(
      "max-connections", \.http.connections, .count(from: 1), .live,
      "Maximum number of open connections, not counting streams."),
    OptionRow(
      "max-connections-per-ip", \.http.connectionsPerAddress, .count(from: 0), .live,
      """
      Maximum number of open connections per IPv4 address or IPv6 /64, except trusted proxies; 0 means \
      no limit.
      """),
    OptionRow(
      "max-head", \.http.headBytes, .size(1 << 10...1 << 20), .live,
      "Maximum size of a request head."),
    OptionRow(
      "request-timeout", \.http.requestTime, .duration(.seconds(1)...day), .live,
      "Maximum time for a request to arrive, head and body."),
    OptionRow(
      "idle-timeout", \.http.idleTime, .duration(.seconds(1)...day), .live,
      "How long an idle connection is kept open for its next request."),
  ]

  private static let accessLog = [
    OptionRow(
      "access-log", \.accessLogPath, .optional(.file("a file name or -")), .restart,
      """
      Log each finished request and stream to this file, one line each; - is standard output. SIGUSR1 \
      reopens the file.
      """),
    OptionRow(
      "access-log-format", \.accessLogFormat, .choice, .restart,
      "Format of the access log: combined, as nginx writes it, or json."),
  ]
}
