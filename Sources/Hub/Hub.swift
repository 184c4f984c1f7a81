internal import EventStream
package import Events

/// The registry of open streams and the histories of the topics they follow.
///
/// Everything here happens on one thread and in memory: bytes go out through the sink, time and
/// numbers are handed in.
package final class Hub {
  package typealias Instant = ContinuousClock.Instant

  package private(set) var settings: HubSettings
  /// Names this history: the first half of its ids.
  package internal(set) var epoch: Epoch
  let sink: any EventSink
  let format: any EventFormat
  /// Whether the caller is on the thread that the hub belongs to.
  private let isOnThread: () -> Bool
  let heartbeats: HeartbeatSchedule
  var numbering: Numbering
  let feeds = FeedTable()
  var table: TopicTable
  var listeners = ListenerTable()
  /// Feeds whose walk isn't done.
  var work = Ring<Feed>()
  /// Streams that could take more than one visit may give them.
  var unfinished = Ring<StreamToken>()
  /// Feeds with members that are behind, the one with the oldest frame first; out of date as far as feeds have got
  /// rid of frames.
  var slowFeeds = PositionHeap<Feed>()
  /// Of those, the ones that were passed by, since what they keep is for the walk first.
  var passedFeeds: [Feed] = []
  /// Empty when nothing is left to be delivered.
  var batches = BatchCache()
  /// How many streams are behind.
  var behindCount = 0
  /// Streams found closed during a walk; they leave the registry after it.
  var doomed: [(slot: UInt32, reason: CloseReason)] = []
  /// What waits to be sent to one stream alone, by slot.
  var privateBytes: [UInt32: [UInt8]] = [:]
  /// When streams end that have such a moment, in nanoseconds since `start`; those that are gone stay for a while.
  var deadlines = PositionHeap<StreamToken>()
  /// Whom streams belong to, by slot.
  var identities: [UInt32: StreamIdentity] = [:]
  /// What a stream was told last that started at `id` and had lost nothing.
  var lastOpening: (id: EventID, framing: Framing, bytes: [UInt8])?
  /// Streams are being ended, so that none is to be opened any more.
  package internal(set) var isEnding = false
  /// The slot that is looked at next for a stream to end.
  var nextToEnd: UInt32 = 0
  /// How long a listener that is ended shall wait before it reconnects.
  package internal(set) var goodbyeRetry: () -> Duration = { .zero }
  /// The topic whose messages are being restored.
  var restored: TopicLog?
  /// Those of several topics, by number.
  var restoredFrames: [UInt64: Frame] = [:]
  var isWalking = false
  /// The present tick of the heartbeat schedule.
  var tick: UInt32 = 0
  /// Bytes of the frames taken in since the lag limits were last looked at.
  var bytesSinceSweep = 0
  /// The slot that is looked at next for a listener that is too far behind; nil: nobody looks.
  var nextLagLook: UInt32?
  /// How often a listener was looked at to keep the bounds.
  var looks = 0
  /// But for the traffic and the gauges.
  var counted = HubCounters()
  var traffic = Traffic()
  /// From a message's being taken in to its arrival at the last who was there.
  var times = DurationHistogram()
  /// How many messages are on their way.
  var underway = 0
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
    table = TopicTable(settings: settings, feeds: feeds)
    start = now
  }

  /// Traps in debug builds where the hub is called from another thread than its own.
  func assertOnThread() { assert(isOnThread(), "called from another thread than the hub's") }

  package var counters: HubCounters {
    assertOnThread()
    var counters = counted
    counters.traffic = traffic
    counters.publishToLastWrite = times
    counters.listeners = listeners.count
    counters.behind = behindCount
    counters.rooms = table.roomCount
    counters.topics = table.topicCount
    counters.historyEntries = table.ledger.historyEntries
    counters.historyBytes = table.ledger.historyBytes
    counters.retainedBytes = table.ledger.retainedBytes
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

  /// Whether this hub holds a topic: it has listeners or history.
  package func isHeld(_ topic: Topic) -> Bool {
    assertOnThread()
    return table.topics[topic] != nil
  }

  /// Whether these rooms, whose names differ, are held or could be.
  package func hasPlaces(for names: [RoomName]) -> Bool {
    assertOnThread()
    return table.hasPlaces(for: names.map { .room($0) })
  }

  /// Whether the topics that an interest names are held or could be: topics that nobody listens to go for them.
  package func hasPlaces(for interest: Interest) -> Bool {
    assertOnThread()
    return table.hasPlaces(for: interest.topics)
  }

  /// The id just before the oldest message that a room keeps: a stream that resumes from it is sent
  /// all its history. The newest id when there is none.
  package func idBeforeHistory(of name: RoomName, now: Instant) -> EventID {
    assertOnThread()
    guard let room = table.topics[.room(name)] else { return newestID }
    table.expire(room, now: now)
    guard let oldest = room.frames.first else { return newestID }
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

  func feed(of listener: Listener) -> Feed { feeds[UInt32(listener.feed)] }

  private func dissolve(_ feed: Feed) {
    while let (frame, isUnderway) = feed.takeLeft() {
      if isUnderway { arrive(frame, now: nil) }
      table.ledger.release(frame)
    }
    batches.drop(feed)
    compactSlowFeeds()
    feeds.remove(feed) { topic in
      table.queueIfQuiet(topic)
      table.forgetIfIdle(topic)
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
    if !identities.isEmpty { identities[slot] = nil }
    let feed = feed(of: listener)
    if listener.flags.contains(.replaying) { table.losses.end(slot) }
    stopBeingBehind(slot)
    listeners.remove(slot)
    feed.remove(at: Int(listener.place)) { listeners[$0].place = UInt32($1) }
    if feed.members.isEmpty { dissolve(feed) } else { drop(feed) }
  }
}
