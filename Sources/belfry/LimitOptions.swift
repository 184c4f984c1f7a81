internal import ArgumentParser
internal import BelfryServer
internal import Reactor

/// Options that bound who may listen and post, and what a connection may do.
struct LimitOptions: ParsableArguments {
  @Option(help: "Streams open at once. (default: as many as the limit on descriptors leaves)")
  var maxListeners: Int?

  @Option(
    name: .customLong("max-listeners-per-ip"),
    help: "Streams of one address, or one IPv6 /64, open at once; 0 is no bound.")
  var maxListenersPerIP = 0

  @Option(
    help: """
      Messages of one address, and of one signed-in name: 5/s is five at once and one more each \
      fifth of a second, 20/m twenty and one more every 3 s; 0 is no bound.
      """)
  var postRate = RateArgument(nil)

  @Option(help: "Connections open at once, streams not counted.")
  var maxConnections = 1000

  @Option(
    name: .customLong("max-connections-per-ip"),
    help: "Those of one address, or one IPv6 /64, trusted proxies apart; 0 is no bound.")
  var maxConnectionsPerIP = 0

  @Option(help: "How long a request's head may be.")
  var maxHead = SizeArgument(8 << 10)

  @Option(help: "How long a request may take to arrive, head and body.")
  var requestTimeout = DurationArgument(.seconds(10))

  @Option(help: "How long a connection is kept for its next request.")
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
