internal import ArgumentParser
internal import BelfryServer
internal import Chat
internal import Handover
internal import Hub
internal import Logging
internal import Operations
internal import Reactor
internal import RedisBackplane

/// The options of `belfry serve`, which the environment may set too.
struct ServeOptions: ParsableArguments {
  @Option(
    help: """
      Read options from this file, one per line, such as history-age = 2h. SIGHUP reloads this file \
      and --secret-file. (default: none)
      """)
  var config: String?

  @Option(help: "Address to listen on: HOST:PORT, [IPV6]:PORT or unix:PATH. Repeatable.")
  var listen: [ListenArgument] = [ListenArgument(.tcp(host: "127.0.0.1", port: 5000))]

  @Option(
    help: """
      Address that serves /status, /metrics, /healthz and /readyz, written as for --listen. Only \
      operators should be able to reach it. Repeatable. (default: none)
      """)
  var adminListen: [ListenArgument] = []

  @Option(help: "Prefix of all paths, such as /chat.")
  var basePath = BasePathArgument("")

  @Option(
    help: """
      Rooms that clients may use: names, or patterns with * and ?, separated by commas. (default: *; \
      with --redis only chat, because other channels of that Redis may be private)
      """)
  var rooms: RoomsArgument?

  @Option(help: "Maximum number of rooms in memory.")
  var maxRooms = 10_000

  @Option(help: "Maximum size of a message.")
  var maxMessage = SizeArgument(64 << 10)

  @Option(help: "Number of messages kept for replay per room; 0 keeps none.")
  var historyCount = 1000

  @Option(help: "How long a message is kept for replay.")
  var historyAge = DurationArgument(.seconds(3600))

  @Option(help: "Maximum size of the messages kept for replay, all rooms together.")
  var historyBytes = SizeArgument(64 << 20)

  @Option(help: "Send a comment on a stream that was silent for this long; 0 means never.")
  var heartbeat = DurationArgument(.seconds(15))

  @Option(help: "How long a browser waits before it reconnects.")
  var retry = DurationArgument(.seconds(2))

  @Option(help: "Close a listener when its oldest unsent byte is older than this.")
  var listenerLag = DurationArgument(.seconds(30))

  @Option(help: "Close a listener when it has more unsent bytes than this.")
  var listenerLagBytes = SizeArgument(4 << 20)

  @OptionGroup(title: "Limits") var limits: LimitOptions

  @Option(help: "How long a sign-in lasts.")
  var sessionAge = DurationArgument(.seconds(31 * 86400))

  @Option(
    help: """
      File with the keys that sign sessions, one per line, at least 32 bytes each. The first key \
      signs, all keys verify. BELFRY_SECRET can hold the keys instead. (default: a random key; \
      sign-ins are lost when the server stops)
      """)
  var secretFile: String?

  @Option(
    help: "Another origin whose pages may listen and post, such as https://example.org. Repeatable."
  )
  var origin: [OriginArgument] = []

  @Option(
    help: """
      Proxy whose X-Forwarded-For, -Proto, -Host and -Prefix, or Forwarded, fields are trusted: an \
      address, a network such as 10.0.0.0/8, or unix. Repeatable.
      """)
  var trustedProxy: [String] = []

  @Option(
    help: """
      Redis that connects several nodes: redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE] or \
      unix:PATH[?db=DATABASE]. (default: none, a single node)
      """)
  var redis: RedisArgument?

  @Option(help: "How long to wait for an answer from Redis before it counts as down.")
  var redisTimeout = DurationArgument(.seconds(2))

  @Option(help: "Path of Vue's runtime build.")
  var vuePath = "/usr/share/javascript/vue/vue.runtime.min.js"

  @Option(help: "Time for streams and requests to end when the server stops.")
  var drainTime = DurationArgument(.seconds(10))

  @Option(help: "Time for streams and requests to end after a successor has taken over.")
  var takeoverTime = DurationArgument(.seconds(2))

  @Option(
    help: "Time for a successor (SIGUSR2) to start, and the same again to load the history.")
  var takeoverTimeout = DurationArgument(.seconds(30))

  @Flag(help: "Let other processes with this option listen on the same ports.")
  var reusePort = false

  @OptionGroup(title: "Access log") var accessLog: AccessLogOptions

  @Option(help: "How often to log a line of counters; 0 means never.")
  var statsInterval = DurationArgument(.zero)

  @Option(
    help: "Lowest level that is logged: trace, debug, info, notice, warning, error or critical.")
  var logLevel = LogLevelArgument(.info)

  /// The options' names, without dashes; the tests hold them against the help.
  static let names =
    [
      "listen", "admin-listen", "base-path", "rooms", "max-rooms", "max-message", "history-count",
      "history-age", "history-bytes", "heartbeat", "retry", "listener-lag", "listener-lag-bytes",
      "session-age", "secret-file", "origin", "trusted-proxy", "redis", "redis-timeout", "vue-path",
      "drain-time", "takeover-time", "takeover-timeout", "reuse-port", "stats-interval",
      "log-level", "config",
    ] + LimitOptions.names + AccessLogOptions.names

  /// - Throws: what is wrong, in words that name the option.
  func settings() throws -> ServerSettings {
    var settings = ServerSettings()
    settings.listen = listen.map(\.value)
    settings.adminListen = adminListen.map(\.value)
    for (place, address) in (settings.listen + settings.adminListen).enumerated() {
      if case .tcp(_, 0) = address { continue }
      guard !(settings.listen + settings.adminListen).dropFirst(place + 1).contains(address) else {
        throw ValidationError("\(address) is given more than once")
      }
    }
    settings.basePath = basePath.value
    settings.redis = try redisSettings()
    settings.rooms = rooms?.value ?? (settings.redis == nil ? RoomRules() : .chatOnly)
    guard settings.rooms.home != nil else {
      throw ValidationError(
        "--rooms must allow a default room: chat, or a name without * and ?")
    }
    settings.maximumMessage = try positive(
      maxMessage.value, "--max-message", atMost: 1 << 30, "1GiB")
    settings.hub.historyCount = try natural(historyCount, "--history-count")
    settings.hub.historyAge = historyAge.value
    settings.hub.historyBytes = historyBytes.value
    settings.hub.maximumRooms = try positive(maxRooms, "--max-rooms")
    settings.hub.heartbeat = try atMostADay(heartbeat.value, "--heartbeat")
    settings.hub.retry = retry.value
    settings.hub.listenerLag = try atMostADay(listenerLag.value, "--listener-lag")
    settings.hub.listenerLagBytes = try positive(listenerLagBytes.value, "--listener-lag-bytes")
    try limits.set(&settings)
    settings.sessionAge = sessionAge.value
    settings.origins = origin.map(\.value)
    settings.trustedProxies = try proxies()
    settings.vue = try vue()
    settings.drainTime = drainTime.value
    settings.takeoverTime = takeoverTime.value
    guard settings.takeoverTime >= .milliseconds(100) else {
      throw ValidationError("--takeover-time must be at least 100ms")
    }
    settings.takeoverTimeout = takeoverTimeout.value
    settings.reusePort = reusePort
    settings.statisticsInterval = statsInterval.value > .zero ? statsInterval.value : nil
    settings.sessionKeys = try sessionKeys()
    guard accessLog.accessLog != "" else {
      throw ValidationError("--access-log must be a file name or -")
    }
    settings.accessLog = accessLog.settings
    settings.logLevel = logLevel.value
    return settings
  }

  /// What the service manager calls a socket that is for operators (systemd.socket(5), FileDescriptorName=).
  private static let adminSocketName = "admin"

  /// What the process was started with and by whom, beside its options.
  ///
  /// - Throws: a `ReactorError` when it was handed a socket that is none, a `SettingsError` for a
  ///   takeover that is none.
  func settingsOfProcess() throws -> ServerSettings {
    var settings = try settings()
    let handed = try ServiceDescriptors(fileName: ServerSettings.keptFileName)
    settings.inherited = handed.sockets.filter { $0.name != Self.adminSocketName }
    settings.inheritedAdmin = handed.sockets.filter { $0.name == Self.adminSocketName }
    settings.keptFile = handed.file
    settings.predecessor = try Environment.predecessor
    settings.service = Environment.service
    settings.successor = SuccessorSettings(
      arguments: CommandLine.arguments, environment: ProcessEnvironment.entries)
    return settings
  }

  private func redisSettings() throws -> RedisSettings? {
    guard let redis else { return nil }
    guard let address = redis.value else {
      throw ValidationError(
        "--redis must be redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE] or unix:PATH[?db=DATABASE]"
      )
    }
    var settings = RedisSettings(address)
    settings.timeout = try atMostADay(redisTimeout.value, "--redis-timeout")
    guard settings.timeout >= .milliseconds(100) else {
      throw ValidationError("--redis-timeout must be at least 100ms")
    }
    return settings
  }

  private func sessionKeys() throws -> SessionKeys? {
    if let secretFile {
      do {
        return try SessionKeys(secretFile: File.read(secretFile, maximumBytes: 1 << 20))
      } catch {
        throw ValidationError("--secret-file: \(error)")
      }
    }
    guard let secret = Environment.secret else { return nil }
    do throws(SessionKeyError) {
      return try SessionKeys(secretFile: secret)
    } catch {
      throw ValidationError("BELFRY_SECRET: \(error)")
    }
  }

  private func vue() throws -> [UInt8] {
    do throws(ReactorError) {
      return try File.read(vuePath)
    } catch {
      throw ValidationError("--vue-path: \(error); install the Debian package libjs-vue")
    }
  }

  private func positive(
    _ number: Int, _ option: String, atMost limit: Int = .max, _ limitText: String = ""
  ) throws -> Int {
    guard number > 0 else { throw ValidationError("\(option) must be more than 0, not \(number)") }
    guard number <= limit else { throw ValidationError("\(option) must be at most \(limitText)") }
    return number
  }

  /// What is counted in ticks must not be so long that their number overflows.
  private func atMostADay(_ duration: Duration, _ option: String) throws -> Duration {
    guard duration <= .seconds(86400) else {
      throw ValidationError("\(option) must be at most 1d, not \(DurationText(duration))")
    }
    return duration
  }

  private func natural(_ number: Int, _ option: String) throws -> Int {
    guard number >= 0 else { throw ValidationError("\(option) must not be negative: \(number)") }
    return number
  }

  private func proxies() throws -> TrustedProxies {
    do throws(SettingsError) {
      return try TrustedProxies(trustedProxy)
    } catch {
      throw ValidationError("--trusted-proxy: \(error)")
    }
  }
}
