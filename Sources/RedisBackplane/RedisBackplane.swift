internal import EventStream
package import Events
package import Hub
package import Logging
package import Reactor

/// Redis as the backplane: many nodes, one history.
///
/// `RedisRooms` decides what is to be done with what Redis sends, `RedisLink` keeps the connections,
/// and this class carries messages between them, the hub and those who wait.
package final class RedisBackplane: Backplane {
  private let hub: Hub
  private let names: RedisNames
  private let logger: Logger
  private let timeout: Duration
  /// The random end of an epoch that this node begins.
  private let seed: String
  private var rooms: RedisRooms
  private var waiting = RedisWaitingList()
  private var following: RedisFollowing
  private let publisher: RedisPublisher
  /// The tokens of heartbeats whose markers have not come.
  private var heartbeats: Set<UInt64> = []
  private var pulse: RedisPulse
  private let journal: RedisJournal
  private var earlierNodes: RedisEarlierNodes
  package private(set) var failure: String?
  private var link: RedisLink?

  /// Connects when the loop runs, and again whenever the connection is lost.
  ///
  /// - Parameter format: of the plain lines that other programs hear.
  /// - Throws: when the loop has no memory for a timer.
  package init(
    on loop: EventLoop, _ settings: RedisSettings, hub: Hub, format: any EventFormat,
    logger: Logger
  ) throws(ReactorError) {
    var generator = SystemRandomNumberGenerator()
    self.hub = hub
    var bounds = RedisRooms.Bounds()
    bounds.loadedBytes = max(hub.settings.historyBytes, bounds.loadedBytes)
    let names = RedisNames(settings, node: Epoch.random(using: &generator).text)
    self.names = names
    rooms = RedisRooms(bounds: bounds, channelsPerRoom: names.channelsPerRoom)
    self.logger = logger
    timeout = settings.timeout
    pulse = RedisPulse(timeout: settings.timeout, now: .now)
    seed = String(Epoch.random(using: &generator).text.prefix(4))
    following = RedisFollowing(names: names, now: .now)
    // With a prefix this is another deployment than theirs.
    earlierNodes = RedisEarlierNodes(
      areWanted: settings.prefix == nil, spared: settings.sparedEarlierNodes)
    journal = RedisJournal(address: settings.address, logger: logger)
    publisher = RedisPublisher(names: names, journal: journal, format: format)
    link = try RedisLink(
      on: loop, to: settings.address, names: names, timeout: settings.timeout,
      handlers: .init(
        up: { [unowned self] in up() }, down: { [unowned self] in down($0) },
        subscribed: { [unowned self] in subscribed($0) },
        message: { [unowned self] in received($0, $1) },
        tick: { [unowned self] in tick(now: $0) }))
  }

  package func close() {
    link?.close()
    link = nil
    for completion in waiting.removeAll() {
      completion(.unavailable(reason: "the server is stopping"))
    }
  }

  package var status: BackplaneStatus {
    BackplaneStatus(name: "redis", isUp: (link?.isUp ?? false) && rooms.isLive)
  }

  // MARK: The link

  private func up() {
    guard let link else { return }
    publisher.connected(
      digests: link.digests, run: link.run, seed: seed, history: hub.settings)
    guard earlierNodes.isClear else { return earlierNodes.connected() }
    perform(rooms.connected())
  }

  /// Whether messages may be exchanged.
  private var isBegun: Bool { link?.isUp ?? false && earlierNodes.isClear }

  /// Nothing is exchanged before there is no node of 0.1.0 any more.
  private func countEarlierNodes(now: ContinuousClock.Instant) {
    guard let link, link.isUp, failure == nil, earlierNodes.isCountDue(now: now) else { return }
    let digest = link.digests[.countEarlierNodes]
    let command = RedisCommand(["EVALSHA", digest, "1", names.earlierNodes])
    link.evaluate(.countEarlierNodes, command) { [weak self] reply in
      guard let self, let reply, !earlierNodes.isClear else { return }
      switch reply {
      case .error(let text):
        // Who may not look at them, or has a cluster, has none.
        guard ["NOPERM", "MOVED", "WRONGTYPE"].contains(reply.errorCode) else {
          return self.link?.fail("Redis error: \(text)") ?? ()
        }
        journal.cannotLookForEarlierNodes(text)
        counted(0)
      default: counted(reply.number ?? 0)
      }
    }
  }

  private func counted(_ count: UInt64) {
    switch earlierNodes.counted(count, now: .now) {
    case .clear: perform(rooms.connected())
    case .wait: journal.waiting(forEarlierNodes: count)
    case .giveUp:
      failure =
        "nodes of 0.1.0 still use this Redis (\(count)): stop them and start this node again, or set "
        + "--redis-prefix for a separate deployment"
    }
  }

  private func down(_ reason: String) {
    rooms.disconnected()
    for room in following.rooms { forgetChannels(of: room) }
    heartbeats = []
    waiting.forgetHeartbeats()
    journal.down(reason)
  }

  private func subscribed(_ number: Int) {
    switch following.channel(number) {
    case .envelopes(let room), .lines(let room):
      perform(rooms.subscribed(room))
      forgetChannels(of: room)
    case .node, nil: break
    }
  }

  private func received(_ number: Int, _ payload: [UInt8]) {
    switch following.channel(number) {
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
      completion(.unavailable(reason: lateness))
    }
    countEarlierNodes(now: now)
    guard isBegun else { return }
    let heard = rooms.epoch.flatMap {
      rooms.isLive ? EventID(epoch: $0, number: rooms.newest) : nil
    }
    if pulse.isDue(answered: publisher.answered, heard: heard, now: now) {
      pulse.sent(now: now)
      perform(rooms.heartbeat().actions)
    }
    if following.isSweepDue(now: now) { sweep(now: now) }
  }

  /// Why somebody waits for too long.
  private var lateness: String {
    guard link?.isUp ?? false else { return "Redis can't be reached" }
    return earlierNodes.areFound
      ? "this node waits until all nodes of 0.1.0 are stopped" : "Redis is slow to answer"
  }

  /// Lets the rooms go that nobody listens to.
  private func sweep(now: ContinuousClock.Instant) {
    let wanted = waiting.wanted
    for name in rooms.names where !hub.hasListeners(name) && !wanted.contains(name) {
      guard following.hasLingered(name, now: now) else { continue }
      hub.unload(name)
      unfollow(name)
    }
  }

  /// Follows a room no more, and knows its channels no more unless something of them is still to come.
  private func unfollow(_ name: RoomName) {
    following.leave(name)
    perform(rooms.unfollow(name))
    forgetChannels(of: name)
  }

  private func forgetChannels(of name: RoomName) {
    if !rooms.awaits(name) { following.forgetChannels(of: name) }
  }

  // MARK: Performing

  private func perform(_ actions: [RedisRooms.Action]) {
    for action in actions {
      guard hasPlace(for: action) else {
        // Only somebody who plays with its data can bring the numbers so far.
        link?.fail("the message number in Redis is too large")
        return
      }
      switch action {
      case .subscribe(let rooms): link?.subscribe(rooms.flatMap(following.subscriptions))
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
      var event = message.event
      // Where it stood in Redis is where it belongs, whatever somebody has written there.
      if event.room != room { event.topics = [.room(room)] }
      hub.append(event, number: message.number, now: .now)
    case .stray(let room, let line):
      guard ServerSentEvent.maximumBytes(ofData: line) <= hub.settings.listenerLagBytes else {
        journal.tooLong(room, bytes: line.count)
        return
      }
      let now = EventTime(milliseconds: WallClock.milliseconds)
      hub.appendStray(
        Event(.room(room), String(decoding: line, as: UTF8.self), time: now), now: .now)
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
      completion(.unavailable(reason: "room limit reached"))
    }
  }

  /// The newest id that we know: the scripts begin a new history when Redis is behind that.
  private var known: EventID? {
    rooms.epoch.map { EventID(epoch: $0, number: max(rooms.newest, publisher.newest(in: $0))) }
  }

  private func load(_ room: RoomName?, _ after: UInt64, _ token: UInt64, _ lost: Epoch?) {
    guard let link else { return }
    if room == nil {
      heartbeats.insert(token)
      link.expectsMarker()
    }
    let known = known
    let last = room.map { names.stream(of: $0, in: known?.epoch) } ?? names.nodes
    let command = RedisCommand([
      "EVALSHA", link.digests[.load], "3", names.history, names.rooms, last,
      known?.epoch.text ?? "", "\(known?.number ?? 0)", lost?.text ?? "", seed, link.run,
      names.nodeChannel, room?.text ?? "", "\(after)", names.node, "\(token)",
    ])
    link.evaluate(.load, command) { [weak self] reply in
      guard let self, let reply else { return }
      guard let page = RedisPage(reply) else {
        if case .error(let text) = reply { return self.link?.fail("Redis error: \(text)") ?? () }
        return self.link?.fail("unexpected reply from the Redis script") ?? ()
      }
      perform(rooms.loaded(page, of: room, token: token))
    }
  }

  // MARK: Publishing

  package func publish(_ event: Event, completion: @escaping (PublishOutcome) -> Void) {
    guard earlierNodes.isClear else {
      return completion(.refused(reason: "\(lateness); the message was not published"))
    }
    publisher.publish(event, over: link, known: known, completion: completion)
  }

  // MARK: Preparing

  package func prepare(
    _ names: [RoomName], after id: LastEventID?, completion: @escaping (Preparation) -> Void
  ) {
    let now = ContinuousClock.now
    guard following.hasPlace(for: names, limit: hub.settings.maximumRooms) else {
      completion(.unavailable(reason: "room limit reached"))
      return
    }
    for name in names {
      following.use(name, now: now)
      perform(rooms.follow(name))
    }
    let isKnown = id.map(hub.knows) ?? true
    if status.isUp, isKnown, names.allSatisfy(rooms.isReady) { return completion(.ready) }
    waiting.add(names, needsHeartbeat: !isKnown, until: now + timeout, completion: completion)
  }

  package func endOfTurn() -> Bool {
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
