internal import Chat
internal import Hub
internal import Limits
package import Logging
package import Reactor

/// How a server that runs gets new settings.
package struct Reload {
  /// What asks for it.
  package var signal: Signal
  /// Reads the settings anew; called on a thread of its own, where it may block.
  ///
  /// Throws a `SettingsError` that says what is wrong with them.
  package var load: @Sendable () throws(SettingsError) -> ServerSettings
  /// Has the log speak more or less.
  package var setLogLevel: (Logger.Level) -> Void

  package init(
    on signal: Signal, load: @escaping @Sendable () throws(SettingsError) -> ServerSettings,
    setLogLevel: @escaping (Logger.Level) -> Void
  ) {
    self.signal = signal
    self.load = load
    self.setLogLevel = setLogLevel
  }
}

/// Has settings read when the signal comes, one reading after the other.
final class Reloader {
  private let reload: Reload
  private let remote: Remote
  private let door: Event
  private let onSignal: () -> Void
  private let take: (Result<ServerSettings, SettingsError>) -> Void
  private var watch: Event?
  private var isReading = false
  /// The signal has come again since the reading began.
  private var isWanted = false

  /// - Parameter onSignal: called before anything is read.
  init(
    on loop: EventLoop, _ reload: Reload, onSignal: @escaping () -> Void,
    take: @escaping (Result<ServerSettings, SettingsError>) -> Void
  ) throws(ReactorError) {
    self.reload = reload
    self.onSignal = onSignal
    self.take = take
    (remote, door) = try loop.makeRemote()
    watch = try Event(on: loop, signal: reload.signal) { [unowned self] in
      onSignal()
      begin()
    }
  }

  private func begin() {
    isWanted = isReading
    guard !isReading else { return }
    isReading = true
    let load = reload.load
    do throws(ReactorError) {
      try Errand.send(remote) {
        Result { () throws(SettingsError) in try load() }
      } take: { [weak self] in
        self?.end($0)
      }
    } catch {
      end(.failure(SettingsError("\(error)")))
    }
  }

  private func end(_ result: Result<ServerSettings, SettingsError>) {
    isReading = false
    take(result)
    if isWanted { begin() }
  }
}

extension Server {
  /// Takes new settings as far as they can be changed while it runs, and says in the log what it did.
  /// Streams notice nothing. After an error everything is as it was.
  func take(
    _ result: Result<ServerSettings, SettingsError>, setLogLevel: (Logger.Level) -> Void
  ) {
    let change: SettingsChange
    let router: Router
    do throws(SettingsError) {
      change = SettingsChange(from: settings, to: try result.get())
      router = try Router(change.settings, keys: change.settings.sessionKeys ?? keys, parts)
    } catch {
      logger.error(
        "settings not reloaded", metadata: ["reason": "\(error)"])
      return
    }
    let now = ContinuousClock.now
    settings = change.settings
    keys = settings.sessionKeys ?? keys
    routes.router = router
    http.limits = settings.httpLimits
    http.isProxy = settings.trustedProxies.trusts
    admission.change(to: settings.admission, now: now)
    hub.change(
      listenerLag: settings.hub.listenerLag, listenerLagBytes: settings.hub.listenerLagBytes,
      retry: settings.hub.retry)
    setLogLevel(settings.logLevel)
    let changed = change.applied.isEmpty ? "nothing" : change.applied.joined(separator: ",")
    logger.notice("settings reloaded", metadata: ["changed": "\(changed)"])
    guard !change.pending.isEmpty else { return }
    logger.warning(
      "some settings need a restart",
      metadata: ["options": "\(change.pending.joined(separator: ","))"])
  }
}
