internal import Chat
internal import Hub
internal import Limits
internal import Logging
internal import Reactor

extension Server {
  /// Takes new settings as far as they can be changed while it runs, and says in the log what it did.
  /// Streams notice nothing. After an error everything is as it was.
  func take(
    _ result: Result<ServerSettings, SettingsError>, setLogLevel: (Logger.Level) -> Void
  ) {
    let change: SettingsChange
    let keys: SessionKeys
    do throws(SettingsError) {
      change = SettingsChange(from: settings, to: try result.get())
      keys = change.settings.sessionKeys ?? sessions.keys
      try publicSide.change(to: change.settings, keys: keys)
    } catch {
      logger.error("settings not reloaded", metadata: ["reason": "\(error)"])
      return
    }
    settings = change.settings
    sessions.keys = keys
    admission.change(to: settings.admission, now: .now)
    hub.change(
      listenerLag: settings.hub.listenerLag, listenerLagBytes: settings.hub.listenerLagBytes,
      retainedBytes: settings.hub.retainedBytes, retry: settings.hub.retry)
    setLogLevel(settings.logLevel)
    let changed = change.applied.isEmpty ? "nothing" : change.applied.joined(separator: ",")
    logger.notice("settings reloaded", metadata: ["changed": "\(changed)"])
    guard !change.pending.isEmpty else { return }
    logger.warning(
      "some settings need a restart",
      metadata: ["options": "\(change.pending.joined(separator: ","))"])
  }
}
