internal import Hub
internal import Limits
internal import Operations
internal import Reactor
internal import RedisBackplane

/// What new settings change in a server that runs: some at once, the rest at its next start.
struct SettingsChange {
  /// Those in effect from now on.
  private(set) var settings: ServerSettings
  /// The options that changed, by their names.
  private(set) var applied: [String] = []
  /// The options that differ and need a restart.
  private(set) var pending: [String] = []

  /// - Parameters:
  ///   - old: those in effect.
  ///   - new: those that somebody wants.
  init(from old: ServerSettings, to new: ServerSettings) {
    settings = old
    take("secret-file", \.sessionKeys, of: new, if: new.sessionKeys != nil)
    take("origin", \.origins, of: new)
    take("trusted-proxy", \.trustedProxies, of: new)
    take("session-age", \.sessionAge, of: new)
    take("max-message", \.maximumMessage, of: new)
    take("max-head", \.http.headBytes, of: new)
    take("request-timeout", \.http.requestTime, of: new)
    take("idle-timeout", \.http.idleTime, of: new)
    take("max-connections", \.http.connections, of: new)
    take("max-connections-per-ip", \.http.connectionsPerAddress, of: new)
    take("max-listeners", \.admission.listeners, of: new)
    take("max-listeners-per-ip", \.admission.listenersPerAddress, of: new)
    take("post-rate", \.admission.postRate, of: new)
    take("listener-lag", \.hub.listenerLag, of: new)
    take("listener-lag-bytes", \.hub.listenerLagBytes, of: new)
    take("retry", \.hub.retry, of: new)
    take("drain-time", \.drainTime, of: new)
    take("takeover-time", \.takeoverTime, of: new)
    take("takeover-timeout", \.takeoverTimeout, of: new)
    take("log-level", \.logLevel, of: new)

    leave("listen", \.listen, of: new)
    leave("admin-listen", \.adminListen, of: new)
    leave("reuse-port", \.reusePort, of: new)
    leave("base-path", \.basePath, of: new)
    leave("rooms", \.rooms, of: new)
    leave("max-rooms", \.hub.maximumRooms, of: new)
    leave("history-count", \.hub.historyCount, of: new)
    leave("history-age", \.hub.historyAge, of: new)
    leave("history-bytes", \.hub.historyBytes, of: new)
    leave("heartbeat", \.hub.heartbeat, of: new)
    leave("redis", \.redis?.address, of: new)
    leave("redis-timeout", \.redis?.timeout, of: new)
    leave("vue-path", \.vue, of: new)
    leave("stats-interval", \.statisticsInterval, of: new)
    leave("access-log", \.accessLog?.path, of: new)
    leave("access-log-format", \.accessLog?.format, of: new)
  }

  /// - Parameter isPossible: false when this very change needs a restart.
  private mutating func take<Value: Equatable>(
    _ option: String, _ path: WritableKeyPath<ServerSettings, Value>, of new: ServerSettings,
    if isPossible: Bool = true
  ) {
    guard isPossible else { return leave(option, path, of: new) }
    guard settings[keyPath: path] != new[keyPath: path] else { return }
    settings[keyPath: path] = new[keyPath: path]
    applied.append(option)
  }

  private mutating func leave<Value: Equatable>(
    _ option: String, _ path: KeyPath<ServerSettings, Value>, of new: ServerSettings
  ) {
    if settings[keyPath: path] != new[keyPath: path] { pending.append(option) }
  }
}
