internal import ArgumentParser
internal import BelfryServer
internal import Limits
internal import Reactor

/// Options that bound who may listen and post, and what a connection may do.
struct LimitOptions: ParsableArguments {
  @Option(help: "Maximum number of open streams. (default: what the file descriptor limit allows)")
  var maxListeners: Int?

  @Option(
    name: .customLong("max-listeners-per-ip"),
    help: "Maximum number of open streams per IPv4 address or IPv6 /64; 0 means no limit.")
  var maxListenersPerIP = 0

  @Option(
    help: """
      Maximum rate of messages per client address, and per signed-in name. 5/s allows five at once \
      and one more every 200 ms; 20/m allows twenty at once and one more every 3 s; 0 means no limit.
      """)
  var postRate = RateArgument(nil)

  @Option(help: "Maximum number of open connections, not counting streams.")
  var maxConnections = 1000

  @Option(
    name: .customLong("max-connections-per-ip"),
    help: """
      Maximum number of open connections per IPv4 address or IPv6 /64, except trusted proxies; 0 means \
      no limit.
      """)
  var maxConnectionsPerIP = 0

  @Option(help: "Maximum size of a request head.")
  var maxHead = SizeArgument(8 << 10)

  @Option(help: "Maximum time for a request to arrive, head and body.")
  var requestTimeout = DurationArgument(.seconds(10))

  @Option(help: "How long an idle connection is kept open for its next request.")
  var idleTimeout = DurationArgument(.seconds(75))

  static let names = [
    "max-listeners", "max-listeners-per-ip", "post-rate", "max-connections",
    "max-connections-per-ip", "max-head", "request-timeout", "idle-timeout",
  ]

  /// - Throws: what is wrong, in words that name the option.
  func set(_ settings: inout ServerSettings) throws {
    settings.admission.listeners = maxListeners
    settings.admission.listenersPerAddress = maxListenersPerIP
    settings.admission.postRate = postRate.value
    settings.http.connections = maxConnections
    settings.http.connectionsPerAddress = maxConnectionsPerIP
    settings.http.headBytes = maxHead.value
    settings.http.requestTime = requestTimeout.value
    settings.http.idleTime = idleTimeout.value
    let day = Duration.seconds(86400)
    let rules = [
      (maxListeners ?? 1 > 0, "--max-listeners must be more than 0"),
      (maxListenersPerIP >= 0, "--max-listeners-per-ip must not be negative"),
      (maxConnections > 0, "--max-connections must be more than 0"),
      (maxConnectionsPerIP >= 0, "--max-connections-per-ip must not be negative"),
      (1 << 10...1 << 20 ~= maxHead.value, "--max-head must be from 1KiB to 1MiB"),
      (.seconds(1)...day ~= requestTimeout.value, "--request-timeout must be from 1s to 1d"),
      (.seconds(1)...day ~= idleTimeout.value, "--idle-timeout must be from 1s to 1d"),
    ]
    for (isKept, rule) in rules where !isKept { throw ValidationError(rule) }
  }
}
