internal import EventStream
package import Events

/// The registry of open streams and the logs of the rooms they follow.
///
/// Everything here happens on one thread and in memory: bytes go out through the sink, time and
/// numbers are handed in.
package final class Hub {
  package typealias Instant = ContinuousClock.Instant

  package private(set) var settings: HubSettings
  /// Names this history: the first half of its ids.
  package internal(set) var epoch: Epoch
  let sink: any EventSink
  private let format: any EventFormat
  /// Whether the caller is on the thread that the hub belongs to.
  private let isOnThread: () -> Bool
  let heartbeats: HeartbeatSchedule
  var numbering: Numbering
  var table: RoomTable
  var listeners = ListenerTable()
  /// By `Feed.index`; nil is free.
  var feeds: [Feed?] = []
  private var freeFeeds: [Int] = []
  private var feedsByRooms: [[RoomName]: Feed] = [:]
  /// Feeds whose walk isn't done.
  var work = Ring<Feed>()
  /// Streams that could take more than one visit may give them.
  var unfinished = Ring<StreamToken>()
  /// Feeds that keep what was written last, for whoever stands at the same cursor. Empty when nothing is
  /// left to be delivered.
  var batched = Ring<Feed>()
  /// How many streams are behind.
  var behindCount = 0
  /// Streams found closed during a walk; they leave the registry after it.
  var doomed: [(slot: UInt32, reason: CloseReason)] = []
  /// What waits to be sent to one stream alone, by slot.
  var privateBytes: [UInt32: [UInt8]] = [:]
  /// What a stream was told last that started at `id` and had lost nothing.
  var lastOpening: (id: EventID, framing: Framing, bytes: [UInt8])?
  /// Streams are being ended, so that none is to be opened any more.
  package internal(set) var isEnding = false
  /// The slot that is looked at next for a stream to end.
  var nextToEnd: UInt32 = 0
  /// How long a listener that is ended shall wait before it reconnects.
  package internal(set) var goodbyeRetry: () -> Duration = { .zero }
  /// The room whose messages are being restored.
  var restored: Room?
  var isWalking = false
  /// The present tick of the heartbeat schedule.
  var tick: UInt32 = 0
  /// Bytes of the frames taken in since the lag limits were last looked at.
  var bytesSinceSweep = 0
  /// The slot that is looked at next for a listener that is too far behind; nil: nobody looks.
  var nextLagLook: UInt32?
  /// How often a listener was looked at to keep the bounds.
  var looks = 0
  var lastSweep: Instant
  /// But for the traffic and the gauges.
  var counted = HubCounters()
  var traffic = Traffic()
  var flights = Flights()
  let start: Instant

  /// - Parameters:
  ///   - newest: the number of the newest message that this history already had.
  ///   - format: how events are written to streams.
  ///   - isOnThread: asked by debug builds at each entry point, which trap when it is false.
  package init(
    settings: HubSettings, epoch: Epoch, newest: UInt64 = 0, sink: any EventSink,
    format: any EventFormat = PlainFormat(), now: Instant,
    isOnThread: @escaping () -> Bool = { true }
  ) {
    self.isOnThread = isOnThread
    self.settings = settings
    self.epoch = epoch
    numbering = Numbering(newest: newest)
    self.sink = sink
    self.format = format
    heartbeats = HeartbeatSchedule(interval: settings.heartbeat)
    table = RoomTable(settings: settings)
    start = now
    lastSweep = now
  }

  /// Traps in debug builds where the hub is called from another thread than its own.
  func assertOnThread() { assert(isOnThread(), "called from another thread than the hub's") }

  package var counters: HubCounters {
    assertOnThread()
    var counters = counted
    counters.traffic = traffic
    counters.publishToLastWrite = flights.times
    counters.listeners = listeners.count
    counters.behind = behindCount
    counters.rooms = table.rooms.count
    counters.historyEntries = table.historyEntries
    counters.historyBytes = table.historyBytes
    counters.retainedBytes = table.retainedBytes
    return counters
  }

  /// How many entries the queue for eviction has: at most some more than twice the rooms.
  package var queuedForEviction: Int { table.queuedForEviction }

  /// How many streams are open.
  package var listenerCount: Int { listeners.count }

  /// The number of the newest message over all rooms.
  package var newest: UInt64 { numbering.newest }

  /// The id of the newest message over all rooms.
  package var newestID: EventID { EventID(epoch: epoch, number: newest) }

  /// Takes in event `number`; `flush` sends it.
  ///
  /// Numbers rise from event to event, over all rooms. False means that it belongs to no room, or that the room is
  /// new and as many rooms as may be are held: the event is lost to history, and nobody listens to it.
  @discardableResult
  package func append(_ event: Event, number: UInt64, now: Instant) -> Bool {
    assertOnThread()
    precondition(number > newest, "numbers rise")
    guard let name = event.room, let room = table.room(name) else { return false }
    numbering.advance(to: number)
    counted.published += 1
    let bytes = keep(
      event, in: room, number: number, position: numbering.newestPosition, time: now, now: now)
    raise(room, by: bytes, now: now)
    if room.feeds.isEmpty { table.forgetIfIdle(room) } else { launch(to: room, now: now) }
    return true
  }

  /// Writes an event, and takes it into its room's log; returns the bytes that a stream is sent.
  @discardableResult
  func keep(
    _ event: Event, in room: Room, number: UInt64, position: UInt64, time: Instant, now: Instant
  ) -> Int {
    let sent = ServerSentEvent(
      type: event.type, id: EventID(epoch: epoch, number: number), data: format.text(of: event),
      retry: event.retry)
    return table.append(
      sent, event, to: room, number: number, position: position, time: time, now: now)
  }

  /// A message begins its way to those who listen.
  private func launch(to room: Room, now: Instant) {
    let flight = flights.begin(feeds: room.feeds.count, now: now)
    for feed in room.feeds { feed.follow(flight) }
  }

  /// The room's newest frame, of so many bytes, stands at the newest position: its feeds have work.
  func raise(_ room: Room, by bytes: Int, now: Instant) {
    bytesSinceSweep += bytes
    for feed in room.feeds {
      feed.raise(head: numbering.newestPosition)
      queue(feed)
    }
    guard bytesSinceSweep > settings.listenerLagBytes else { return }
    beginLagPass()
    _ = keepBounds(FanOutBudget()) { now }
  }

  /// Whether all of these rooms, whose names differ, are held or could be.
  package func hasPlaces(for names: [RoomName]) -> Bool {
    assertOnThread()
    let new = names.count { table.rooms[$0] == nil }
    return table.rooms.count + new <= settings.maximumRooms
  }

  /// The id just before the oldest message that a room keeps: a stream that resumes from it is sent
  /// all its history. The newest id when there is none.
  package func idBeforeHistory(of name: RoomName, now: Instant) -> EventID {
    assertOnThread()
    guard let room = table.rooms[name] else { return newestID }
    table.expire(room, now: now)
    guard let oldest = room.oldestInHistory else { return newestID }
    return EventID(epoch: epoch, number: oldest.number - 1)
  }

  /// Changes what can be changed while streams are open; the limits on lag hold for those too.
  package func change(
    listenerLag: Duration, listenerLagBytes: Int, retainedBytes: Int, retry: Duration
  ) {
    assertOnThread()
    settings.listenerLag = listenerLag
    settings.listenerLagBytes = listenerLagBytes
    settings.retainedBytes = retainedBytes
    settings.retry = retry
    lastOpening = nil
  }

  func queue(_ feed: Feed) {
    guard !feed.isQueued, feed.pending > 0 else { return }
    feed.isQueued = true
    work.append(feed)
  }

  /// The feed of those who follow exactly these rooms.
  func feed(of rooms: [Room]) -> Feed {
    let names = rooms.map(\.name)
    if let feed = feedsByRooms[names] { return feed }
    let index = freeFeeds.popLast() ?? feeds.count
    if index == feeds.count { feeds.append(nil) }
    let feed = Feed(index: index, rooms: rooms, head: numbering.newestPosition)
    feeds[index] = feed
    feedsByRooms[names] = feed
    for room in rooms { room.add(feed) }
    return feed
  }

  func feed(of listener: Listener) -> Feed {
    // A listener leaves its feed before the feed is dissolved.
    feeds[Int(listener.feed)]!
  }

  private func dissolve(_ feed: Feed) {
    while let flight = feed.takeArrival(any: true) { flights.arrive(flight, now: nil) }
    feedsByRooms[feed.rooms.map(\.name)] = nil
    feeds[feed.index] = nil
    freeFeeds.append(feed.index)
    for room in feed.rooms {
      room.remove(feed)
      table.drop(room)
      table.forgetIfIdle(room)
    }
  }

  /// Ends a stream; an unknown token (it ended before) is ignored.
  package func remove(_ token: StreamToken, reason: CloseReason) {
    assertOnThread()
    guard let slot = listeners.slot(of: token) else { return }
    if isWalking { doom(slot, reason) } else { remove(slot, reason) }
  }

  /// The sink's owner has found that a stream's other end is gone.
  package func lose(_ token: StreamToken) {
    assertOnThread()
    guard let slot = listeners.slot(of: token), let handle = listeners[slot].handle else { return }
    remove(token, reason: sink.reasonOfLoss(handle))
  }

  /// Puts a stream down for removal when the walk is over.
  func doom(_ slot: UInt32, _ reason: CloseReason) {
    guard !listeners[slot].flags.contains(.doomed) else { return }
    listeners[slot].flags.insert(.doomed)
    doomed.append((slot, reason))
  }

  func removeDoomed() {
    while let (slot, reason) = doomed.popLast() { remove(slot, reason) }
  }

  /// Ends a stream; not while members are being walked.
  func remove(_ slot: UInt32, _ reason: CloseReason) {
    let listener = listeners[slot]
    guard let handle = listener.handle else { return }
    sink.close(handle, reason)
    counted.countClose(reason)
    if listener.flags.contains(.hasPrivateBytes) { privateBytes[slot] = nil }
    let feed = feed(of: listener)
    if listener.flags.contains(.replaying) { feed.replaying -= 1 }
    stopBeingBehind(slot)
    listeners.remove(slot)
    feed.remove(at: Int(listener.place)) { listeners[$0].place = UInt32($1) }
    if feed.members.isEmpty { dissolve(feed) }
  }
}
