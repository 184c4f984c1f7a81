internal import Reactor

/// The two connections that a node has to Redis, one for commands and one that subscribes, and their
/// deadlines: up when both are, down when either fails, and tried again.
final class RedisLink {
  /// What its owner hears.
  struct Handlers {
    var up: () -> Void = {}
    var down: (_ reason: String) -> Void = { _ in }
    /// A subscription began.
    var subscribed: (_ number: Int) -> Void = { _ in }
    var message: (_ number: Int, _ payload: [UInt8]) -> Void = { _, _ in }
    /// Each `RedisLinkSchedule.tick`, so that a node needs one timer.
    var tick: (_ now: ContinuousClock.Instant) -> Void = { _ in }
  }

  private let loop: EventLoop
  private let address: RedisAddress
  private let names: RedisNames
  private var schedule: RedisLinkSchedule
  private let resolver: NameResolver?
  private let handlers: Handlers
  private var commands: RedisConnection?
  private var subscriber: RedisConnection?
  private var ticker: LoopEvent?
  /// Numbers the tries, so that what an old one asked for is known as such.
  private var attempt = 0
  private var readyParts: Set<Part> = []
  private var session = RedisSession()

  private enum Part { case commands, subscriber }

  private var areReady = false
  /// Whether commands may be sent: both connections are there, and neither is lost.
  var isUp: Bool { areReady && commands?.isOpen ?? false }
  /// The Redis process that we are connected to.
  var run: String { session.run }
  /// The scripts' digests, which `EVALSHA` takes.
  var digests: RedisSession.Digests { session.digests }

  /// - Parameter timeout: how late an answer may be.
  init(
    on loop: EventLoop, to address: RedisAddress, names: RedisNames, timeout: Duration,
    handlers: Handlers
  ) throws(ReactorError) {
    self.loop = loop
    self.address = address
    self.names = names
    self.handlers = handlers
    schedule = RedisLinkSchedule(timeout: timeout, now: .now)
    if case .tcp(let host, _) = address.place, IPAddress(host) == nil {
      resolver = try NameResolver(on: loop)
    } else {
      resolver = nil
    }
    ticker = try LoopEvent(on: loop, every: RedisLinkSchedule.tick) { [unowned self] in tick() }
    act(now: .now)
  }

  /// A server that could not be made lets go of it without `close`.
  deinit { closeConnections() }

  /// Ends both connections; nothing is heard of it any more.
  func close() {
    ticker = nil
    attempt += 1
    closeConnections()
  }

  // MARK: Using

  /// Runs a script, when `isUp`; when Redis has lost it, once more after it was handed over again. See
  /// `RedisConnection.send`.
  ///
  /// - Parameter command: `EVALSHA`, the script's digest, and the rest.
  func evaluate(
    _ script: RedisScripts.Script, _ command: RedisCommand, isRetry: Bool = false,
    completion: @escaping (RedisReply?) -> Void
  ) {
    guard let commands else { return completion(nil) }
    commands.send(command) { [weak self] reply in
      guard reply?.errorCode == "NOSCRIPT", !isRetry, let self else { return completion(reply) }
      self.commands?.send(RedisCommand(["SCRIPT", "LOAD", script.text])) { _ in }
      evaluate(script, command, isRetry: true, completion: completion)
    }
  }

  func subscribe(_ subscriptions: [RedisFollowing.Subscription]) {
    for subscription in subscriptions {
      subscriber?.subscribe(subscription.channel, number: subscription.number)
    }
  }

  func unsubscribe(_ channels: [String]) { subscriber?.unsubscribe(channels) }

  /// The owner has asked Redis to publish something that it will hear, by when is known.
  func expectsMarker() { schedule.sentMarker(now: .now) }

  /// It was heard.
  func heardMarker() { schedule.heardMarker() }

  /// What the owner wanted of the link has come.
  func proved() { schedule.proved() }

  /// Gives up what there is, and tries again later.
  func fail(_ reason: String) {
    attempt += 1
    areReady = false
    readyParts = []
    schedule.failed(now: .now)
    closeConnections()
    handlers.down(reason)
  }

  // MARK: Connecting

  private func tick() {
    let now = ContinuousClock.now
    act(now: now)
    handlers.tick(now)
  }

  private func act(now: ContinuousClock.Instant) {
    switch schedule.due(now: now, unanswered: commands?.oldestSentAt) {
    case .nothing: break
    case .connect: connect()
    case .fail(let reason): fail(reason)
    }
  }

  private func closeConnections() {
    let connections = [commands, subscriber]
    commands = nil
    subscriber = nil
    for connection in connections { connection?.close() }
  }

  private func connect() {
    attempt += 1
    session = RedisSession()
    let attempt = attempt
    guard case .tcp(let host, let port) = address.place, let resolver else {
      connect(to: address.place)
      return
    }
    resolver.resolve(host) { [weak self] result in
      guard let self, self.attempt == attempt else { return }
      switch result {
      case .failure(let error): fail("\(error)")
      case .success(let hosts):
        // The next one at the next try.
        connect(to: .tcp(host: hosts[attempt % hosts.count], port: port))
      }
    }
  }

  private func connect(to place: RedisAddress.Place) {
    do throws(ReactorError) {
      commands = try connection(to: place, .commands)
      subscriber = try connection(to: place, .subscriber)
    } catch {
      fail("\(error)")
    }
  }

  private func connection(
    to place: RedisAddress.Place, _ part: Part
  ) throws(ReactorError) -> RedisConnection {
    let attempt = attempt
    return try RedisConnection(on: loop, to: place) { [weak self] occurrence in
      guard let self, self.attempt == attempt else { return }
      switch occurrence {
      case .connected: greet(part)
      case .lost(let reason): fail(reason)
      case .subscribed(RedisFollowing.nodeNumber): ready(part)
      case .subscribed(let number): handlers.subscribed(number)
      case .message(let number, let payload): handlers.message(number, payload)
      }
    }
  }

  /// Says who we are, and learns whom we talk to.
  private func greet(_ part: Part) {
    guard let connection = part == .commands ? commands : subscriber else { return }
    let steps = RedisSession.steps(
      for: address, name: "belfry-\(names.node)", isSubscriber: part == .subscriber)
    let attempt = attempt
    for (place, step) in steps.enumerated() {
      connection.send(RedisCommand(step.arguments)) { [weak self] reply in
        guard let self, self.attempt == attempt, let reply else { return }
        if let reason = session.take(reply, of: step) { return fail(reason) }
        guard place == steps.count - 1 else { return }
        if part == .commands {
          ready(part)
        } else {
          // Its confirmation makes this part ready; it stays subscribed to the end.
          connection.subscribe(names.nodeChannel, number: RedisFollowing.nodeNumber)
        }
      }
    }
  }

  private func ready(_ part: Part) {
    readyParts.insert(part)
    guard readyParts.count == 2, !areReady else { return }
    areReady = true
    schedule.connected()
    handlers.up()
  }
}
