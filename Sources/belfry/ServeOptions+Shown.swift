internal import ArgumentParser
internal import BelfryServer
internal import Chat
internal import Hub
internal import Limits
internal import Operations
internal import Reactor
internal import RedisBackplane

extension ServeOptions {
  /// Every option's name and value in words, secrets left out; the tests hold the names against `names`.
  ///
  /// - Parameters:
  ///   - settings: what became of the options.
  ///   - listenerRoom: how many listeners there are descriptors for; nil: too few to serve.
  func shown(
    _ settings: ServerSettings, listenerRoom: Int?
  ) -> [(name: String, value: String)] {
    [
      ("config", config ?? none),
      ("listen", list(listen.map(\.value.description))),
      ("admin-listen", list(adminListen.map(\.value.description))),
      ("base-path", basePath.defaultValueDescription),
      ("rooms", settings.rooms.description),
      ("max-rooms", "\(maxRooms)"),
      ("max-message", maxMessage.defaultValueDescription),
      ("history-count", "\(historyCount)"),
      ("history-age", historyAge.defaultValueDescription),
      ("history-bytes", historyBytes.defaultValueDescription),
      ("heartbeat", heartbeat.defaultValueDescription),
      ("retry", retry.defaultValueDescription),
      ("listener-lag", listenerLag.defaultValueDescription),
      ("listener-lag-bytes", listenerLagBytes.defaultValueDescription),
    ] + limits.shown(listenerRoom: listenerRoom) + [
      ("session-age", sessionAge.defaultValueDescription),
      ("secret-file", secretFile.map { "\($0): \(keyCount(settings))" } ?? none),
      ("origin", list(origin.map(\.value))),
      ("trusted-proxy", list(trustedProxy)),
      // Its description has no password.
      ("redis", settings.redis.map { "\($0.address)" } ?? none),
      ("redis-timeout", redisTimeout.defaultValueDescription),
      ("vue-path", vuePath),
      ("drain-time", drainTime.defaultValueDescription),
      ("takeover-time", takeoverTime.defaultValueDescription),
      ("takeover-timeout", takeoverTimeout.defaultValueDescription),
      ("reuse-port", "\(reusePort)"),
      ("access-log", accessLog.accessLog ?? none),
      ("access-log-format", accessLog.accessLogFormat.rawValue),
      ("stats-interval", statsInterval.defaultValueDescription),
      ("log-level", logLevel.defaultValueDescription),
    ]
  }

  private var none: String { "none" }

  private func list(_ values: [String]) -> String {
    values.isEmpty ? none : values.joined(separator: ",")
  }

  private func keyCount(_ settings: ServerSettings) -> String {
    Check.count(settings.sessionKeys?.all.count ?? 0)
  }
}

extension LimitOptions {
  fileprivate func shown(listenerRoom: Int?) -> [(name: String, value: String)] {
    let room = listenerRoom.map { "\($0), from the file descriptor limit" } ?? "none"
    return [
      ("max-listeners", maxListeners.map(String.init) ?? room),
      ("max-listeners-per-ip", "\(maxListenersPerIP)"),
      ("post-rate", postRate.defaultValueDescription),
      ("max-connections", "\(maxConnections)"),
      ("max-connections-per-ip", "\(maxConnectionsPerIP)"),
      ("max-head", maxHead.defaultValueDescription),
      ("request-timeout", requestTimeout.defaultValueDescription),
      ("idle-timeout", idleTimeout.defaultValueDescription),
    ]
  }
}
