internal import EventStream
internal import Hub
internal import Logging
internal import Reactor

/// Redis as the backplane: many nodes, one history.
///
/// `RedisRooms` decides what is to be done with what Redis sends, `RedisLink` keeps the connections,
/// and this class carries messages between them, the hub and those who wait.
final class RedisBackplane: Backplane {
  /// A room that nobody listens to is followed for so long after it was last asked for: a page comes
  /// before its stream, and a reload between two streams.
  private static let linger = Duration.seconds(5)
  /// Publishes that wait for their answers: what is more is refused, since Redis does not keep up.
  private static let maximumOutstanding = (count: 10_000, bytes: 32 << 20)
  /// How often a heartbeat asks whether everything is as we think.
  private let heartbeatInterval: Duration

  private let hub: Hub
  private let names: RedisNames
  private let logger: Logger
  private let timeout: Duration
  /// The random end of an epoch that this node begins.
  private let seed: String
  private var rooms: RedisRooms
  private var waiting = RedisWaitingList()
  /// What comes over each channel that we follow.
  private var channels: [[UInt8]: RedisNames.Channel] = [:]
  /// When each room was last asked for.
  private var lastUse: [RoomName: ContinuousClock.Instant] = [:]
  /// The newest id that a publish was answered with: Redis may not be behind it.
  private var answered: EventID?
  private var outstanding = (count: 0, bytes: 0)
  /// What each publish begins and ends with, made once: numbers and names are dear to spell.
  private let publishKeys: [[UInt8]]
  private var publishSettings: [[UInt8]] = []
  /// The tokens of heartbeats whose markers have not come.
  private var heartbeats: Set<UInt64> = []
  private var nextHeartbeat = ContinuousClock.now
  private var nextSweep = ContinuousClock.now
  private var journal: RedisJournal
  private var link: RedisLink?
  private var timer: Event?

  init(
    on loop: EventLoop, _ settings: RedisSettings, hub: Hub, logger: Logger
  ) throws(ReactorError) {
    var generator = SystemRandomNumberGenerator()
    self.hub = hub
    var bounds = RedisRooms.Bounds()
    bounds.loadedBytes = max(hub.settings.historyBytes, bounds.loadedBytes)
    rooms = RedisRooms(bounds: bounds)
    self.logger = logger
    timeout = settings.timeout
    heartbeatInterval = min(.seconds(1), settings.timeout / 4)
    seed = String(Epoch.random(using: &generator).text.prefix(4))
    names = RedisNames(
      database: settings.address.database, node: Epoch.random(using: &generator).text)
    channels[Array(names.nodeChannel.utf8)] = .node
    publishKeys = Self.bytes(["2", names.history, names.rooms])
    journal = RedisJournal(address: settings.address, logger: logger)
    link = try RedisLink(
      on: loop, to: settings.address, names: names, timeout: settings.timeout,
      handlers: .init(
        up: { [unowned self] in up() }, down: { [unowned self] in down($0) },
        subscribed: { [unowned self] in subscribed($0) },
        message: { [unowned self] in received($0, $1) }))
    timer = try Event(on: loop, every: .milliseconds(100)) { [unowned self] in tick(now: .now) }
  }

  func close() {
    timer = nil
    link?.close()
    link = nil
    for completion in waiting.removeAll() { completion(.unavailable(reason: "the server stops")) }
  }

  var status: BackplaneStatus {
    BackplaneStatus(name: "redis", isUp: (link?.isUp ?? false) && rooms.isLive)
  }

  // MARK: The link

  private func up() {
    let history = hub.settings
    publishSettings = Self.bytes([
      seed, link?.run ?? "", names.prefix, "\(history.historyCount)",
      "\(Self.milliseconds(history.historyAge))", "\(history.maximumRooms)",
    ])
    perform(rooms.connected())
  }

  private func down(_ reason: String) {
    rooms.disconnected()
    for case .lines(let room) in channels.values { forgetChannels(of: room) }
    heartbeats = []
    waiting.forgetHeartbeats()
    journal.down(reason)
  }

  private func subscribed(_ channel: [UInt8]) {
    switch channels[channel] {
    case .envelopes(let room), .lines(let room):
      perform(rooms.subscribed(room))
      forgetChannels(of: room)
    case .node, nil: break
    }
  }

  private func received(_ channel: [UInt8], _ payload: [UInt8]) {
    switch channels[channel] {
    case .lines(let room): perform(rooms.received(line: payload, in: room))
    case .envelopes(let room):
      guard let envelope = RedisEnvelope(payload) else { return }
      perform(rooms.received(envelope, in: room))
    case .node:
      guard let marker = RedisMarker(payload) else { return }
      if heartbeats.remove(marker.token) != nil { link?.heardMarker() }
      perform(rooms.marked(marker))
      waiting.heard(marker.token)
    case nil: break
    }
  }

  private func tick(now: ContinuousClock.Instant) {
    for completion in waiting.removeLate(now: now) {
      completion(.unavailable(reason: "Redis can't be reached"))
    }
    guard link?.isUp ?? false else { return }
    if now >= nextHeartbeat { sendHeartbeat(now: now) }
    if now >= nextSweep { sweep(now: now) }
  }

  private func sendHeartbeat(now: ContinuousClock.Instant) {
    nextHeartbeat = now + heartbeatInterval
    perform(rooms.heartbeat().actions)
  }

  /// Lets the rooms go that nobody listens to.
  private func sweep(now: ContinuousClock.Instant) {
    nextSweep = now + .seconds(1)
    let wanted = waiting.wanted
    for name in rooms.names where !hub.hasListeners(name) && !wanted.contains(name) {
      if let last = lastUse[name], now - last < Self.linger { continue }
      hub.unload(name)
      unfollow(name)
    }
  }

  /// Follows a room no more, and knows its channels no more unless something of them is still to come.
  private func unfollow(_ name: RoomName) {
    lastUse[name] = nil
    perform(rooms.unfollow(name))
    forgetChannels(of: name)
  }

  private func forgetChannels(of name: RoomName) {
    guard !rooms.awaits(name) else { return }
    for channel in names.channels(of: name) { channels[Array(channel.utf8)] = nil }
  }

  // MARK: Performing

  private func perform(_ actions: [RedisRooms.Action]) {
    for action in actions {
      guard hasPlace(for: action) else {
        // Only somebody who plays with its data can bring the numbers so far.
        link?.fail("Redis hands out numbers that are too large")
        return
      }
      switch action {
      case .subscribe(let rooms): link?.subscribe(rooms.flatMap(names.channels))
      case .unsubscribe(let room): link?.unsubscribe(names.channels(of: room))
      case .load(let room, let after, let token, let lost): load(room, after, token, lost)
      case .enter(let room, let history): enter(room, history)
      case .hand(let step): hand(step)
      case .advance(let number): hub.advance(toNumber: number)
      case .restart(let epoch, let starts): hub.restart(epoch: epoch, starts: starts, now: .now)
      case .live:
        // It may have failed just before.
        guard link?.isUp ?? false else { return }
        link?.proved()
        journal.up(node: names.node, epoch: hub.epoch)
      case .fail(let reason): link?.fail(reason)
      }
    }
    if !actions.isEmpty { waiting.mayBeReady() }
  }

  /// Whether the hub's order has a place for what is to be done.
  private func hasPlace(for action: RedisRooms.Action) -> Bool {
    switch action {
    case .hand(.message(_, let message)): return hub.hasPlace(for: message.number)
    case .advance(let number): return hub.hasPlace(for: number)
    case .enter(_, let history): return hub.hasPlace(for: history.messages.last?.number ?? 0)
    case .restart:
      guard !hub.hasPlaceForHistory else { return true }
      rooms.restartRefused()
      return false
    default: return true
    }
  }

  private func hand(_ step: RedisCatchUp.Step) {
    switch step {
    case .message(let room, let message):
      hub.append(message.text, to: room, number: message.number, now: .now)
    case .stray(let room, let line):
      guard line.count <= hub.settings.listenerLagBytes else {
        journal.tooLong(room, bytes: line.count)
        return
      }
      hub.appendStray(String(decoding: line, as: UTF8.self), to: room, now: .now)
    case .gap(let room, let after, let lostThrough, let oldest, let reason):
      hub.appendGap(
        in: room, after: after, lostThrough: lostThrough, oldest: oldest, reason: reason,
        now: .now)
    }
  }

  private func enter(_ room: RoomName, _ history: RoomHistory) {
    guard !hub.load(room, history, now: .now) else { return }
    unfollow(room)
    for completion in waiting.remove(wanting: room) {
      completion(.unavailable(reason: "as many rooms as this server may hold are open already"))
    }
  }

  /// What we know of the history: the scripts begin a new one when Redis is behind that.
  private var known: [[UInt8]] {
    guard let epoch = rooms.epoch else { return [[], [UInt8(ascii: "0")]] }
    let answered = answered.flatMap { $0.epoch == epoch ? $0.number : nil } ?? 0
    return [Array(epoch.text.utf8), Array("\(max(rooms.newest, answered))".utf8)]
  }

  private func load(_ room: RoomName?, _ after: UInt64, _ token: UInt64, _ lost: Epoch?) {
    guard let link else { return }
    if room == nil {
      heartbeats.insert(token)
      link.expectsMarker()
    }
    let keys = ["3", names.history, names.rooms, names.nodes]
    let arguments = [
      lost?.text ?? "", seed, link.run, names.prefix, room?.text ?? "", "\(after)", names.node,
      "\(token)",
    ]
    evaluate(.load, Self.bytes(keys) + known + Self.bytes(arguments)) { [weak self] reply in
      guard let self, let reply else { return }
      guard let page = RedisPage(reply) else {
        if case .error(let text) = reply { return self.link?.fail("Redis says: \(text)") ?? () }
        return self.link?.fail("Redis answers what the script does not say") ?? ()
      }
      perform(rooms.loaded(page, of: room, token: token))
    }
  }

  /// Runs a script; when Redis has lost it, once more after it was handed over again.
  private func evaluate(
    _ script: RedisScripts.Script, _ arguments: [[UInt8]], isRetry: Bool = false,
    completion: @escaping (RedisReply?) -> Void
  ) {
    guard let link else { return completion(nil) }
    link.send([Self.evalsha, link.digests[script]] + arguments) { [weak self] reply in
      guard reply?.errorCode == "NOSCRIPT", !isRetry, let self, let link = self.link else {
        return completion(reply)
      }
      link.send(Self.bytes(["SCRIPT", "LOAD", script.text])) { _ in }
      evaluate(script, arguments, isRetry: true, completion: completion)
    }
  }

  // MARK: Publishing

  func publish(_ publication: Publication, completion: @escaping (PublishOutcome) -> Void) {
    guard let link, link.isUp else {
      completion(.refused(reason: "Redis can't be reached; the message was not taken"))
      return
    }
    let bytes = publication.text.utf8.count
    guard outstanding.count < Self.maximumOutstanding.count,
      outstanding.bytes + bytes <= Self.maximumOutstanding.bytes
    else {
      completion(.refused(reason: "Redis does not keep up; the message was not taken"))
      return
    }
    outstanding.count += 1
    outstanding.bytes += bytes
    var arguments = publishKeys
    if let key = publication.key {
      arguments[0] = [UInt8(ascii: "3")]
      arguments.append(
        Array(names.key(key, room: publication.room, name: publication.name).utf8))
    }
    arguments += known
    for text in [publication.room.text, publication.text, publication.name ?? ""] {
      arguments.append(Array(text.utf8))
    }
    arguments += publishSettings
    evaluate(.publish, arguments) {
      [weak self] reply in
      self?.outstanding.count -= 1
      self?.outstanding.bytes -= bytes
      completion(self?.outcome(of: reply) ?? .unknown(reason: "the server stops"))
    }
  }

  private static let evalsha = Array("EVALSHA".utf8)

  private static func bytes(_ arguments: [String]) -> [[UInt8]] { arguments.map { Array($0.utf8) } }

  /// At least one, and no more than Redis takes: ten years.
  private static func milliseconds(_ age: Duration) -> Int64 {
    Int64(max(.milliseconds(1), min(age, .seconds(10 * 365 * 86_400))) / .milliseconds(1))
  }

  private func outcome(of reply: RedisReply?) -> PublishOutcome {
    switch reply {
    case .string(let bytes):
      guard let id = EventID(utf8: bytes[...]) else { break }
      journal.published()
      if answered.map({ $0.epoch != id.epoch || $0.number < id.number }) ?? true { answered = id }
      return .taken(id)
    case .error(let text):
      journal.refused(text)
      let code = reply?.errorCode ?? ""
      return .refused(reason: "Redis refuses it (\(code)); the message was not taken")
    default: break
    }
    return .unknown(
      reason: "Redis did not answer; it is not known whether the message was taken")
  }

  // MARK: Preparing

  func prepare(
    _ names: [RoomName], after id: LastEventID?, completion: @escaping (Preparation) -> Void
  ) {
    let now = ContinuousClock.now
    let new = names.filter { lastUse[$0] == nil }
    guard lastUse.count + new.count <= hub.settings.maximumRooms else {
      completion(.unavailable(reason: "as many rooms as this server may hold are open already"))
      return
    }
    for name in names {
      lastUse[name] = now
      let both = self.names.channels(of: name)
      channels[Array(both[0].utf8)] = .envelopes(name)
      channels[Array(both[1].utf8)] = .lines(name)
      perform(rooms.follow(name))
    }
    let isKnown = id.map(hub.knows) ?? true
    if status.isUp, isKnown, names.allSatisfy(rooms.isReady) { return completion(.ready) }
    waiting.add(names, needsHeartbeat: !isKnown, until: now + timeout, completion: completion)
  }

  func endOfTurn() -> Bool {
    perform(rooms.handOn())
    guard status.isUp else { return rooms.isHanding }
    if waiting.needsHeartbeat {
      let (token, actions) = rooms.heartbeat()
      waiting.asked(token)
      perform(actions)
    }
    let (ready, hasMore) = waiting.removeReady { rooms.isReady($0) }
    for completion in ready { completion(.ready) }
    return hasMore
  }
}
