internal import Handover
internal import Hub
internal import Logging
internal import Reactor

/// What a server begins with: the one that it takes over from, what the last process of its service has left,
/// or nothing.
struct StartingPoint {
  let predecessor: Predecessor?
  private let kept: KeptHistory?
  private let settings: ServerSettings

  /// - Throws: a `SettingsError` when it can't take over, a `ReactorError` for what the machine refuses.
  init(_ settings: ServerSettings, on loop: EventLoop, logger: Logger) throws {
    self.settings = settings
    predecessor = try Self.predecessor(settings, on: loop)
    do {
      kept = try settings.keptFile.flatMap { try KeptHistory($0, backplane: settings.backplane) }
    } catch {
      logger.warning(
        "history of the previous process not restored", metadata: ["reason": "\(error)"])
      kept = nil
    }
  }

  private static func predecessor(
    _ settings: ServerSettings, on loop: EventLoop
  ) throws -> Predecessor? {
    guard let settled = settings.predecessor else { return nil }
    let predecessor: Predecessor
    do {
      predecessor = try Predecessor(settled, on: loop)
    } catch let error as HandoverError {
      throw SettingsError("\(error)")
    }
    guard predecessor.backplane == settings.backplane else {
      throw SettingsError(
        "--redis and --redis-prefix cannot change in a takeover: restart the server")
    }
    return predecessor
  }

  /// What signed sessions until now; nil: nothing random did.
  var secret: [UInt8]? { predecessor?.secret ?? kept?.secret }

  /// Nothing that was before goes on.
  var isNew: Bool { predecessor == nil && kept == nil }

  /// How many sockets the operators' side has. A successor listens where its predecessor did.
  var adminSockets: Int {
    predecessor?.inheritedAdmin.count
      ?? max(settings.inheritedAdmin.count, settings.adminListen.count)
  }

  /// Brings in the history of the last process; a predecessor sends its own later.
  func restore(to fanOut: FanOut, logger: Logger) {
    guard let kept else { return }
    kept.restore(to: fanOut.hub, fanOut.local)
    logger.info(
      "history of the previous process restored",
      metadata: ["messages": "\(fanOut.hub.counters.historyEntries)"])
  }

  /// Listens, and returns where. Where a predecessor still listens it begins to when it serves.
  func listen(on http: HTTPServer) throws(ReactorError) -> [ListenAddress] {
    if let predecessor { return predecessor.inherited.map(\.address) }
    return try http.listen(at: settings.listen, inherited: settings.inherited)
  }

  /// The same for the operators' side.
  func listenForOperators(on http: HTTPServer) throws(ReactorError) -> [ListenAddress] {
    if let predecessor { return predecessor.inheritedAdmin.map(\.address) }
    return try http.listen(at: settings.adminListen, inherited: settings.inheritedAdmin)
  }
}
