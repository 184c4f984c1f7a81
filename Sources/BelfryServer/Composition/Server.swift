internal import Handover
package import Hub
package import Limits
package import Logging
internal import Operations
package import Reactor

/// The whole: one loop, and everything on it.
///
/// Made, run and let go on one thread; `run` returns when the server has drained.
package final class Server {
  let loop: EventLoop
  let fanOut: FanOut
  let publicSide: PublicSide
  /// The operators' side; nil when nobody wants one.
  let admin: AdminServer?
  let admission: Admission
  let instruments: Instruments
  private let accessLog: AccessLog?
  /// Until the loop has ended.
  private var upkeep: Upkeep?
  /// Those in effect: a reload changes some.
  var settings: ServerSettings
  var sessions: SessionSigning
  let service: ServiceNotifier?
  let logger: Logger
  /// Descriptors for streams and connections.
  private let socketRoom: Int
  /// Where it listens: port 0 became a port.
  package let addresses: [ListenAddress]
  /// The same of the operators' side.
  package let adminAddresses: [ListenAddress]

  /// Which phase this server is in. The objects below do what it decides.
  var life: LifeCycle
  /// The server that this one takes over from.
  let predecessor: Predecessor?
  /// The server that takes over from this one.
  var successor: Successor?
  /// While the server is stopping, or was taken over.
  var draining: Draining?
  var settingsReader: SettingsReader?
  /// Called when it begins to serve.
  var onServing: () -> Void = {}

  /// Listens; requests are answered as soon as `run` is called.
  ///
  /// - Throws: a `SettingsError` for what can't be, a `ReactorError` for what the machine refuses.
  package init(_ settings: ServerSettings, logger: Logger) throws {
    WallClock.prepare()
    let limit = DescriptorLimit.raise()
    loop = try EventLoop { logger.warning("libevent warning", metadata: ["message": "\($0)"]) }
    let start = try StartingPoint(settings, on: loop, logger: logger)
    let descriptors = try DescriptorBudget(
      settings, adminSockets: start.adminSockets, limit: limit)
    admission = Admission(settings.admission, room: descriptors.streams, now: .now)
    sessions = SessionSigning(settings, earlier: start.secret)
    accessLog = try settings.accessLog.map { try AccessLog($0, logger: logger) }
    var sockets = SocketOptions()
    sockets.reusePort = settings.reusePort
    fanOut = try FanOut(
      on: loop, settings, sockets: sockets, predecessor: start.predecessor, admission: admission,
      accessLog: accessLog, logger: logger)
    start.restore(to: fanOut, logger: logger)
    publicSide = try PublicSide(
      on: loop, settings, keys: sessions.keys, sockets: sockets, fanOut: fanOut,
      admission: admission, accessLog: accessLog, logger: logger)
    instruments = Instruments(
      hub: fanOut.hub, backplane: fanOut.backplane, admission: admission, http: publicSide.http)
    var admin: AdminServer?
    do {
      if start.adminSockets > 0 {
        admin = try AdminServer(
          on: loop, options: sockets, instruments: instruments, backplane: fanOut.backplane,
          icon: .icon,
          log: { logger.warning("accepting paused", metadata: ["reason": "\($0)"]) })
      }
      addresses = try start.listen(on: publicSide.http)
      adminAddresses = try admin.map { try start.listenForOperators(on: $0.http) } ?? []
      upkeep = try Upkeep(
        on: loop, settings, hub: fanOut.hub, admission: admission, accessLog: accessLog,
        instruments: instruments, logger: logger)
    } catch {
      publicSide.http.close()
      admin?.close()
      fanOut.backplane.close()
      throw error
    }
    self.admin = admin
    service = ServiceNotifier.of(settings, on: loop, logger: logger)
    predecessor = start.predecessor
    life = LifeCycle(
      hasPredecessor: start.predecessor != nil, canStartSuccessor: settings.successor != nil)
    socketRoom = descriptors.sockets(beside: addresses.count)
    self.settings = settings
    self.logger = logger
    warn(isNew: start.isNew)
  }

  /// Says what the operator may not have meant.
  private func warn(isNew: Bool) {
    if settings.sessionKeys == nil, isNew {
      logger.warning(
        "no session key is set: sign-ins are lost when the server stops (see --secret-file)")
    }
    if settings.hasUncountedClients {
      logger.warning(
        "per-address limits do not apply to clients on a Unix socket (see --trusted-proxy)")
    }
  }

  var hub: Hub { fanOut.hub }

  // MARK: Running

  /// Serves until `stop` has drained everything, or a successor has taken over.
  ///
  /// - Parameters:
  ///   - stopping: signals that stop it; a second one cuts what is left.
  ///   - handingOver: signals that start a successor.
  ///   - reopening: signals that say that the access log was renamed.
  ///   - reload: how it gets new settings; nil: not at all.
  ///   - onServing: called when it begins to serve.
  /// - Throws: why it could not begin, or why the takeover from its predecessor went wrong.
  package func run(
    stopping: [Signal] = [], handingOver: [Signal] = [], reopening: [Signal] = [],
    reload: Reload? = nil,
    onServing: @escaping () -> Void = {}
  ) throws {
    self.onServing = onServing
    var watches: [LoopEvent] = []
    // Signals are heard until everything is closed. What is open is closed also when it can't begin.
    defer {
      close()
      withExtendedLifetime(watches) {}
    }
    settingsReader = try reload.map { reload in
      try SettingsReader(on: loop, load: reload.load) { [unowned self] result in
        take(result, setLogLevel: reload.setLogLevel)
        perform(life.settingsWereRead())
      }
    }
    watches += try watch(stopping) { $0.stop() }
    watches += try watch(handingOver) { $0.handOver() }
    watches += try watch(reopening) { $0.accessLog?.reopen() }
    watches += try watch(reload.map { [$0.signal] } ?? []) { server in
      server.perform(server.life.settingsHaveChanged())
    }
    perform(life.begin())
    loop.run { [unowned self] in endOfTurn() }
    if let failure = life.failure {
      // One that has served has taken over what there was.
      throw SettingsError(life.hasServed ? failure : "takeover failed: \(failure)")
    }
  }

  private func watch(
    _ signals: [Signal], _ act: @escaping (Server) -> Void
  ) throws(ReactorError) -> [LoopEvent] {
    var watches: [LoopEvent] = []
    for signal in signals {
      watches.append(try LoopEvent(on: loop, signal: signal) { [unowned self] in act(self) })
    }
    return watches
  }

  private func endOfTurn() -> Bool {
    let http = publicSide.http
    http.room = max(4, socketRoom - hub.listenerCount)
    http.endOfTurn()
    let isBehind = admin?.endOfTurn() ?? false
    if let predecessor, fanOut.backplane.status.isUp { predecessor.sayReady() }
    if let failure = fanOut.backplane.failure { perform(life.backplaneHasFailed(failure)) }
    let hasWaiting = fanOut.backplane.endOfTurn()
    let hasMore = hub.flush() || hasWaiting || isBehind
    if draining?.endOfTurn() ?? false { perform(life.drainIsOver()) }
    instruments.lag.endTurn(
      began: loop.turnBegan, hasMore: hasMore, now: MonotonicClock.nanoseconds)
    return hasMore
  }

  private func close() {
    upkeep = nil
    draining = nil
    settingsReader = nil
    fanOut.backplane.close()
    accessLog?.beginClosing()
    hub.removeAll(reason: .drain)
    publicSide.http.close()
    admin?.close()
    keep()
    service?.close()
    successor = nil
    accessLog?.close()
    // It may hold this server, which would hold itself then.
    onServing = {}
  }

  /// Accepts no more, ends the streams properly and evenly over the drain time, answers what is asked
  /// already, and makes `run` return. Called again, it cuts what is left.
  package func stop() { perform(life.stop()) }

  // MARK: What it says of itself

  /// What the hub has done.
  package var counters: HubCounters { hub.counters }

  /// Who was not let in.
  package var admissionCounters: AdmissionCounters { instruments.admissionCounters }

  /// A door for other threads, which stays open while the event is held.
  package func makeRemote() throws(ReactorError) -> (Remote, LoopEvent) { try loop.makeRemote() }
}
