package import Chat
package import Handover
package import Hub
package import Limits
package import Logging
package import Operations
package import Reactor
internal import RedisBackplane

/// Everything that can be set about a server, with its defaults. `OptionTable` has what operators set.
package struct ServerSettings: Sendable {
  /// The file of options that the settings were read from; nil: none.
  package var configFile: String?
  /// Where to listen; at least one.
  package var listen: [ListenAddress] = [.tcp(host: "127.0.0.1", port: 5000)]
  /// Where the operators' side listens; nowhere, unless told.
  package var adminListen: [ListenAddress] = []
  /// What all paths begin with: empty, or `/` and a path without a `/` at its end.
  package var basePath = ""
  /// The rooms that exist. Unless they are set, all; with plain lines in Redis only the original's, since other
  /// channels of that Redis may be private.
  package var rooms: RoomRules {
    get { chosenRooms ?? (redis?.hasPlainLines ?? false ? .chatOnly : RoomRules()) }
    set { chosenRooms = newValue }
  }
  private var chosenRooms: RoomRules?
  /// Bytes of a message.
  package var maximumMessage = 64 << 10
  /// History, heartbeats, lag.
  package var hub = HubSettings()
  /// How long a sign-in lasts.
  package var sessionAge = Duration.seconds(31 * 86400)
  /// What signs sessions, and where it is from; nil makes a random key, which ends with the process.
  package var keySource: KeySource?
  /// What signs sessions.
  package var sessionKeys: SessionKeys? {
    get { keySource?.keys }
    set { keySource = newValue.map { KeySource($0) } }
  }
  /// Other origins whose pages may listen and post, as browsers send them: `https://example.org`.
  package var origins: [String] = []
  /// Proxies whose word on their clients is taken.
  package var trustedProxies = TrustedProxies()
  /// Vue's runtime build; read with the options.
  package var vueFile = LoadedFile(path: "/usr/share/javascript/vue/vue.runtime.min.js")
  /// The script itself.
  package var vue: [UInt8] {
    get { vueFile.bytes }
    set { vueFile.bytes = newValue }
  }
  /// Listening sockets that the service manager has opened: they take the place of `listen`.
  package var inherited: [InheritedSocket] = []
  /// The same in place of `adminListen`.
  package var inheritedAdmin: [InheritedSocket] = []
  /// What the last process of the service has left for this one; nil when it has left nothing.
  package var keptFile: MemoryFile?
  /// What that is called where the service manager keeps it.
  package static let keptFileName = "belfry-history"
  /// Whether other processes may listen on the same ports too.
  package var reusePort = false
  /// Time over which streams are ended after SIGTERM, and answers may take to end.
  package var drainTime = Duration.seconds(10)
  /// The same when a successor has taken over.
  package var takeoverTime = Duration.seconds(2)
  /// Time for a successor to start, and as much to load the history.
  package var takeoverTimeout = Duration.seconds(30)
  /// How a successor is started; nil: none can be.
  package var successor: SuccessorSettings?
  /// What this server takes over; nil: it begins by itself.
  package var predecessor: PredecessorSettings?
  /// The service manager that wants to know how the server is; nil: there is none.
  package var service: ServiceSettings?
  /// Who may listen and post, and how much.
  package var admission = AdmissionLimits()
  /// Bounds on requests and connections. `httpLimits` says how long a body may be.
  package var http = HTTPServer.Limits()

  /// What connects this node with others; nil: it is alone.
  package var redisAddress: RedisAddress?
  /// How long an answer from Redis may take before it counts as down.
  package var redisTimeout = Duration.seconds(2)
  /// What our keys and channels in Redis begin with, so that several deployments can use it; nil: the only
  /// deployment, or the one that exchanges plain lines.
  package var redisPrefix: String?
  /// Whether plain lines are exchanged with other programs also with a prefix.
  package var redisPlainLines = false
  /// All of them together.
  var redis: RedisSettings? {
    redisAddress.map {
      RedisSettings(
        $0, timeout: redisTimeout, prefix: redisPrefix,
        hasPlainLines: redisPrefix == nil || redisPlainLines)
    }
  }

  /// Names what messages go through, without a password: of two servers the history is one where this
  /// is equal.
  var backplane: String {
    guard let redisAddress else { return "local" }
    return "\(redisAddress)" + (redisPrefix.map { " \($0)" } ?? "")
  }

  /// How often a line of counters is logged; nil is never.
  package var statisticsInterval: Duration?

  /// The file of the record of requests and streams, `-` for standard output; nil: there is none.
  package var accessLogPath: String?
  /// How its lines are written.
  package var accessLogFormat = AccessLogFormat.combined
  /// The two together.
  var accessLog: AccessLogSettings? {
    accessLogPath.map { AccessLogSettings(path: $0, format: accessLogFormat) }
  }

  /// What is logged.
  package var logLevel = Logger.Level.info

  package init() {}

  /// Whether there is a bound on each address.
  private var boundsClients: Bool {
    admission.listenersPerAddress > 0 || admission.postRate != nil
      || admission.newNamesRate != nil
  }

  /// Whether clients come that no bound on each address counts: through a Unix socket, from a proxy that
  /// isn't believed whose clients they are.
  package var hasUncountedClients: Bool {
    let hasUnix = listen.contains { if case .unix = $0 { true } else { false } }
    return hasUnix && boundsClients && !trustedProxies.trusts(.unix)
  }

  /// All bounds on requests: a message may be percent-encoded, three bytes for one, with a form around.
  var httpLimits: HTTPServer.Limits {
    var limits = http
    limits.bodyBytes = 3 * maximumMessage + 16 << 10
    return limits
  }
}
