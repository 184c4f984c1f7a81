internal import Chat
internal import EventStream
internal import Handover
package import Hub
package import Limits
package import Logging
internal import Operations
package import Reactor
internal import RedisBackplane
internal import Responses

/// The whole: one loop, and everything on it.
///
/// Made, run and let go on one thread; `run` returns when the server has drained.
package final class Server {
  let loop: EventLoop
  let http: HTTPServer
  let hub: Hub
  private let streams: StreamSet
  private let backplane: any Backplane
  /// The same when it is this process alone.
  let local: LocalBackplane?
  let admission: Admission
  let instruments: Instruments
  /// The operators' side; nil when nobody wants one.
  let admin: AdminServer?
  private let accessLog: AccessLog?
  let parts: Router.Parts
  let routes: Routes
  /// Those in effect: a reload changes some.
  var settings: ServerSettings
  var keys: SessionKeys
  let logger: Logger
  /// Descriptors for streams and connections.
  private let socketRoom: Int
  private var ticker: Event?
  private var statistics: Statistics?
  /// While the server is stopping, or was taken over.
  var draining: Draining?
  private var wasToldToStop = false
  /// What signs sessions when nothing was set: a successor needs it.
  let secret: [UInt8]?
  let service: ServiceNotifier?
  /// The server that this one takes over from.
  let predecessor: Predecessor?
  /// The server that takes over from this one.
  var succession: Successor?
  /// Asked for one while its predecessor was still there.
  var isHandOverWanted = false
  /// Why it could not begin to serve.
  var failure: (any Error)?
  /// Where it listens: port 0 became a port.
  package let addresses: [ListenAddress]
  /// The same of the operators' side.
  package let adminAddresses: [ListenAddress]

  /// Listens; requests are answered as soon as `run` is called.
  ///
  /// - Throws: a `SettingsError` for what can't be, a `ReactorError` for what the machine refuses.
  package init(_ settings: ServerSettings, logger: Logger) throws {
    WallClock.prepare()
    let limit = DescriptorLimit.raise()
    var generator = SystemRandomNumberGenerator()
    let loop = try EventLoop { logger.warning("libevent warning", metadata: ["message": "\($0)"]) }
    let predecessor = try Self.predecessor(settings, on: loop)
    // A successor listens where its predecessor did.
    let adminSockets =
      predecessor?.inheritedAdmin.count
      ?? max(settings.inheritedAdmin.count, settings.adminListen.count)
    let hasAdmin = adminSockets > 0
    let descriptors = try DescriptorBudget(settings, adminSockets: adminSockets, limit: limit)
    let admission = Admission(settings.admission, room: descriptors.streams, now: .now)
    let kept = Self.kept(settings, logger)
    let secret =
      settings.sessionKeys == nil
      ? predecessor?.secret ?? kept?.secret ?? SessionKeys.randomSecret(using: &generator) : nil
    // One of the two is there.
    let keys = settings.sessionKeys ?? SessionKeys(secret: secret!)

    let accessLog = try settings.accessLog.map { try AccessLog($0, logger: logger) }
    let relay = StreamRelay()
    let streams = try StreamSet(on: loop) { relay.pass($0, $1) }
    var sockets = SocketOptions()
    sockets.reusePort = settings.reusePort
    let epoch = Epoch.random(using: &generator)
    let hub = Hub(
      settings: settings.hub, epoch: epoch,
      sink: SocketSink(
        streams, userTimeout: sockets.userTimeout,
        onWrite: accessLog.map { log in { log.wrote($0, to: $1) } },
        onClose: { socket, reason in
          admission.closed(socket)
          accessLog?.closed(socket, reason)
        }),
      now: .now)
    relay.hub = hub
    let backplane: any Backplane
    var local: LocalBackplane?
    if let redis = settings.redis {
      backplane = try RedisBackplane(on: loop, redis, hub: hub, logger: logger)
    } else {
      let alone = LocalBackplane(epoch: epoch) { text, room, number in
        hub.append(text, to: room, number: number, now: .now)
      }
      local = alone
      backplane = alone
    }

    if let kept {
      kept.restore(to: hub, local)
      logger.info(
        "history of the previous process restored",
        metadata: ["messages": "\(hub.counters.historyEntries)"])
    }

    let parts = try Router.Parts(
      settings, hub: hub, streams: streams, backplane: backplane, admission: admission,
      accessLog: accessLog)
    let routes = Routes(try Router(settings, keys: keys, parts))
    let http = try HTTPServer(
      on: loop, limits: settings.httpLimits, options: sockets,
      log: { logger.warning("accepting paused", metadata: ["reason": "\($0)"]) },
      onRequest: { routes.router.route($0) })
    http.isProxy = settings.trustedProxies.trusts
    if let accessLog {
      http.onFinish = { accessLog.finished($0, identify: routes.router.identify) }
    }
    let lag = LoopLag(tickInterval: hub.tickInterval, now: MonotonicClock.nanoseconds)
    let instruments = Instruments(
      hub: hub, backplane: backplane, admission: admission, http: http, lag: lag)
    var admin: AdminServer?
    do {
      if hasAdmin {
        admin = try AdminServer(
          on: loop, options: sockets, instruments: instruments, backplane: backplane,
          icon: .icon,
          log: { logger.warning("accepting paused", metadata: ["reason": "\($0)"]) })
      }
      // Where somebody else still listens it begins to when it serves.
      addresses =
        try predecessor?.inherited.map(\.address)
        ?? http.listen(at: settings.listen, inherited: settings.inherited)
      adminAddresses =
        try predecessor?.inheritedAdmin.map(\.address)
        ?? admin?.http.listen(at: settings.adminListen, inherited: settings.inheritedAdmin) ?? []
      service = settings.service.flatMap { service in
        do throws(ReactorError) {
          return try ServiceNotifier(on: loop, service)
        } catch {
          // Without it there is only nobody who knows.
          logger.warning("cannot notify the service manager", metadata: ["reason": "\(error)"])
          return nil
        }
      }
      ticker = try Event(on: loop, every: hub.tickInterval) {
        let now = ContinuousClock.now
        lag.tick(now: MonotonicClock.nanoseconds)
        hub.advance(to: now)
        admission.advance(to: now)
        accessLog?.reportLoss()
      }
      statistics = try settings.statisticsInterval.map { interval in
        try Statistics(on: loop, every: interval, instruments, logger: logger)
      }
    } catch {
      http.close()
      admin?.close()
      backplane.close()
      throw error
    }
    if settings.sessionKeys == nil, predecessor == nil, kept == nil {
      logger.warning(
        "no session key is set: sign-ins are lost when the server stops (see --secret-file)")
    }
    if settings.hasUncountedClients {
      logger.warning(
        "per-address limits do not apply to clients on a Unix socket (see --trusted-proxy)")
    }
    self.loop = loop
    self.http = http
    self.hub = hub
    self.backplane = backplane
    self.local = local
    self.secret = secret
    self.predecessor = predecessor
    self.streams = streams
    self.admission = admission
    self.instruments = instruments
    self.admin = admin
    self.accessLog = accessLog
    self.parts = parts
    self.routes = routes
    self.settings = settings
    self.keys = keys
    self.logger = logger
    socketRoom = descriptors.sockets(beside: addresses.count)
  }

  /// Serves until `stop` has drained everything, or a successor has taken over.
  ///
  /// - Parameters:
  ///   - stopping: signals that stop it; a second one cuts what is left.
  ///   - handingOver: signals that start a successor.
  ///   - reopening: signals that say that the access log was renamed.
  ///   - reload: how it gets new settings; nil: not at all.
  ///   - onServing: called when it begins to serve.
  /// - Throws: why it could not begin.
  package func run(
    stopping: [Signal] = [], handingOver: [Signal] = [], reopening: [Signal] = [],
    reload: Reload? = nil,
    onServing: @escaping () -> Void = {}
  ) throws {
    let reloader = try reload.map { reload in
      // This server may be gone before it has read anything.
      try Reloader(on: loop, reload, onSignal: { [unowned self] in succession?.reload() }) {
        [unowned self] result in
        take(result, setLogLevel: reload.setLogLevel)
      }
    }
    defer { withExtendedLifetime(reloader) {} }
    var watches = try stopping.map { signal in
      try Event(on: loop, signal: signal) { [unowned self] in stop() }
    }
    watches += try handingOver.map { signal in
      try Event(on: loop, signal: signal) { [unowned self] in handOver() }
    }
    watches += try reopening.map { signal in
      try Event(on: loop, signal: signal) { [accessLog] in accessLog?.reopen() }
    }
    defer { withExtendedLifetime(watches) {} }
    if let predecessor {
      prepare(for: predecessor, onServing: onServing)
    } else {
      dropKept()
      service?.ready()
      onServing()
    }
    loop.run { [unowned self] in endOfTurn() }
    ticker = nil
    statistics = nil
    draining = nil
    backplane.close()
    accessLog?.beginClosing()
    hub.removeAll(reason: .drain)
    http.close()
    admin?.close()
    keep()
    service?.close()
    succession = nil
    accessLog?.close()
    if let failure { throw failure }
  }

  private func endOfTurn() -> Bool {
    http.room = max(4, socketRoom - hub.listenerCount)
    http.endOfTurn()
    let isBehind = admin?.endOfTurn() ?? false
    if let predecessor, backplane.status.isUp { predecessor.sayReady() }
    let hasWaiting = backplane.endOfTurn()
    let hasMore = hub.flush() || hasWaiting || isBehind
    if draining?.endOfTurn() ?? false { loop.stop() }
    instruments.lag.endTurn(
      began: loop.turnBegan, hasMore: hasMore, now: MonotonicClock.nanoseconds)
    return hasMore
  }

  /// Accepts no more, ends the streams properly and evenly over the drain time, answers what is asked
  /// already, and makes `run` return. Called again, it cuts what is left.
  package func stop() {
    guard !wasToldToStop else { return loop.stop() }
    wasToldToStop = true
    // Taken over, it ends soon, and those who are sent to the successor need not be cut for that.
    guard draining == nil else { return }
    succession?.cancel()
    service?.stopping()
    logger.info("stopping", metadata: ["listeners": "\(hub.listenerCount)"])
    let retry = settings.hub.retry
    draining = Draining(on: loop, hub: hub, http: http, over: settings.drainTime) {
      retry * Double.random(in: 0.5...1.5)
    }
  }

  /// What the hub has done.
  package var counters: HubCounters { hub.counters }

  /// Who was not let in.
  package var admissionCounters: AdmissionCounters { instruments.admissionCounters }

  /// A door for other threads, which stays open while the event is held.
  package func makeRemote() throws(ReactorError) -> (Remote, Event) { try loop.makeRemote() }
}

/// The present router: a reload puts another in its place.
final class Routes {
  var router: Router
  init(_ router: Router) { self.router = router }
}
