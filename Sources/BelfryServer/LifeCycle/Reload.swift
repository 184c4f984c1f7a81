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

/// Reads settings for a loop that must not wait for files: on another thread, one reading at a time.
final class SettingsReader {
  private let load: @Sendable () throws(SettingsError) -> ServerSettings
  private let remote: Remote
  private let door: LoopEvent
  private let take: (Result<ServerSettings, SettingsError>) -> Void

  /// - Parameter take: called on the loop, once for each reading.
  init(
    on loop: EventLoop, load: @escaping @Sendable () throws(SettingsError) -> ServerSettings,
    take: @escaping (Result<ServerSettings, SettingsError>) -> Void
  ) throws(ReactorError) {
    self.load = load
    self.take = take
    (remote, door) = try loop.makeRemote()
  }

  func read() {
    let load = load
    do throws(ReactorError) {
      try Errand.send(remote) {
        Result { () throws(SettingsError) in try load() }
      } take: { [weak self] in
        // The server may be gone before anything was read.
        self?.take($0)
      }
    } catch {
      take(.failure(SettingsError("\(error)")))
    }
  }
}
