package import Chat
package import Hub
package import Logging
package import Reactor

/// Everything that can be set about a server, with its defaults.
package struct ServerSettings: Sendable {
  /// Where to listen; at least one.
  package var listen: [ListenAddress] = [.tcp(host: "127.0.0.1", port: 5000)]
  /// What all paths begin with: empty, or `/` and a path without a `/` at its end.
  package var basePath = ""
  /// The rooms that exist.
  package var rooms = RoomRules()
  /// Bytes of a message.
  package var maximumMessage = 64 << 10
  /// History, heartbeats, lag.
  package var hub = HubSettings()
  /// How long a sign-in lasts.
  package var sessionAge = Duration.seconds(31 * 86400)
  /// What signs sessions; nil makes a random key, which ends with the process.
  package var sessionKeys: SessionKeys?
  /// Other origins whose pages may listen and post, as browsers send them: `https://example.org`.
  package var origins: [String] = []
  /// Proxies whose word on their clients is taken.
  package var trustedProxies = TrustedProxies()
  /// Vue's runtime build: the script itself.
  package var vue: [UInt8] = []
  /// Time for streams and answers to end after SIGTERM.
  package var drainTime = Duration.seconds(10)
  /// Who may listen and post, and how much.
  package var admission = AdmissionLimits()
  /// Bounds on requests and connections. `httpLimits` says how long a body may be.
  package var http = HTTPServer.Limits()

  /// What connects this node with others; nil: it is alone.
  package var redis: RedisSettings?

  /// How often a line of counters is logged; nil is never.
  package var statisticsInterval: Duration?

  /// What is logged.
  package var logLevel = Logger.Level.info

  package init() {}

  /// Whether there is a bound on each address.
  var boundsClients: Bool {
    admission.listenersPerAddress > 0 || admission.postRate != nil
  }

  /// All bounds on requests: a message may be percent-encoded, three bytes for one, with a form around.
  var httpLimits: HTTPServer.Limits {
    var limits = http
    limits.bodyBytes = 3 * maximumMessage + 16 << 10
    return limits
  }
}
