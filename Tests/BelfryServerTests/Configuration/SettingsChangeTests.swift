import Chat
import Hub
import Limits
import Logging
import Reactor
import Testing

@testable import BelfryServer

@Suite struct SettingsChangeTests {
  private func keys(_ letter: Character) throws -> SessionKeys {
    try SessionKeys(secretFile: String(repeating: letter, count: 40))
  }

  @Test func `nothing new changes nothing`() throws {
    var settings = ServerSettings()
    settings.sessionKeys = try keys("a")
    let change = SettingsChange(from: settings, to: settings)
    #expect(change.applied.isEmpty && change.pending.isEmpty)
  }

  @Test func `limits, secrets and the log's level change at once`() throws {
    var new = ServerSettings()
    new.sessionKeys = try keys("a")
    new.admission.listeners = 7
    new.admission.listenersPerAddress = 8
    new.admission.postRate = Rate(5, per: .seconds(1))
    new.admission.newNamesRate = Rate(600, per: .seconds(60))
    new.http.requestTime = .seconds(3)
    new.hub.listenerLagBytes = 9
    new.logLevel = .debug
    let change = SettingsChange(from: ServerSettings(), to: new)
    #expect(
      change.applied == [
        "listener-lag-bytes", "secret-file", "log-level", "max-listeners", "max-listeners-per-ip",
        "post-rate", "new-names-rate", "request-timeout",
      ])
    #expect(change.pending.isEmpty)
    #expect(SettingsChange(from: change.settings, to: new).applied.isEmpty)
  }

  @Test func `what needs a restart stays as it is, and is named each time`() throws {
    var new = ServerSettings()
    new.listen = [.unix(path: "/tmp/x")]
    new.adminListen = [.unix(path: "/tmp/y")]
    new.hub.historyCount = 1
    new.drainTime = .seconds(1)
    let change = SettingsChange(from: ServerSettings(), to: new)
    #expect(
      change.pending == ["listen", "admin-listen", "history-count"]
        && change.applied == ["drain-time"])
    #expect(change.settings.listen == ServerSettings().listen)
    #expect(SettingsChange(from: change.settings, to: new).pending == change.pending)
  }

  @Test func `a secret that is gone stays until the restart`() throws {
    var old = ServerSettings()
    old.sessionKeys = try keys("a")
    let change = SettingsChange(from: old, to: ServerSettings())
    #expect(change.pending == ["secret-file"] && change.settings.sessionKeys == old.sessionKeys)
  }
}
