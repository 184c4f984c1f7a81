internal import Events

/// The topics of a hub, the bounds of their histories, and what is remembered of topics that were forgotten.
struct TopicTable {
  typealias Instant = ContinuousClock.Instant

  private let settings: HubSettings
  let ledger = FrameLedger()
  /// All messages in history, where listeners may follow more than topics that they name.
  private var order: HistoryIndex?
  var losses = Losses()
  private let feeds: FeedTable
  private(set) var topics = TopicSet()
  /// How many of them are rooms.
  private(set) var roomCount = 0
  /// Bytes of the names of those that are not.
  private(set) var nameBytes = 0
  private var forgotten: ForgottenTopics
  /// The newest number that ever left a topic's history.
  private(set) var droppedThrough: UInt64 = 0
  /// Topics that have history, the one with the oldest message first.
  ///
  /// An entry may be out of date, since messages also leave a topic's history by count and age. The
  /// code that takes one compares. A topic stands here at most once; those that are forgotten are dropped.
  private var evictions = PositionHeap<TopicLog>()
  /// Topics that nobody names who listens, the one that was silent longest first; out of date as `evictions` may be.
  private var quiet = PositionHeap<TopicLog>()

  init(settings: HubSettings, feeds: FeedTable) {
    self.settings = settings
    self.feeds = feeds
    if settings.hasPatterns { order = HistoryIndex() }
    forgotten = ForgottenTopics(
      maximumCount: settings.maximumRooms + settings.maximumTopics,
      maximumBytes: settings.topicNameBytes)
  }

  var queuedForEviction: Int { evictions.count }
  /// How many topics are no rooms.
  var topicCount: Int { topics.count - roomCount }

  // MARK: - Topics

  /// The topic of this name, made when it isn't held; nil when there is no place for it.
  ///
  /// A room is refused when as many as may be are held. Another topic takes the place of one that nobody listens to:
  /// of the one that was silent longest.
  mutating func topic(_ name: Topic) -> TopicLog? {
    if let topic = topics[name] { return topic }
    guard makePlace(for: name) else { return nil }
    let topic = TopicLog(name, droppedThrough: forgotten.take(name))
    insert(topic)
    return topic
  }

  private mutating func insert(_ topic: TopicLog) {
    topics.insert(topic)
    if topic.topic.room == nil { nameBytes += topic.topic.nameBytes } else { roomCount += 1 }
    feeds.connect(topic)
  }

  private mutating func remove(_ topic: TopicLog) {
    topics.remove(topic)
    if topic.topic.room == nil { nameBytes -= topic.topic.nameBytes } else { roomCount -= 1 }
    compactQueues()
  }

  /// Whether all of these, which differ, are held or could be.
  mutating func hasPlaces(for names: some Collection<Topic>) -> Bool {
    var rooms = 0
    var others = 0
    var bytes = 0
    for name in names where topics[name] == nil {
      if name.room == nil {
        others += 1
        bytes += name.nameBytes
      } else {
        rooms += 1
      }
    }
    guard roomCount + rooms <= settings.maximumRooms else { return false }
    if others == 0 { return true }
    let kept = Set(names)
    while !fits(others, bytes) {
      guard forgetQuietest(but: kept) else { return false }
    }
    return true
  }

  private func fits(_ others: Int, _ bytes: Int) -> Bool {
    topicCount + others <= settings.maximumTopics && nameBytes + bytes <= settings.topicNameBytes
  }

  private mutating func makePlace(for name: Topic) -> Bool {
    hasPlaces(for: CollectionOfOne(name))
  }

  /// Forgets the topic that was silent longest of those that nobody listens to; false when there is none.
  private mutating func forgetQuietest(but kept: Set<Topic>) -> Bool {
    var passed: [TopicLog] = []
    defer { for topic in passed { queueIfQuiet(topic) } }
    while let (position, topic) = quiet.pop() {
      topic.isQueuedAsQuiet = false
      guard topics[topic.topic] === topic, !topic.isFollowed else { continue }
      if kept.contains(topic.topic) {
        passed.append(topic)
      } else if topic.silentSince > position {
        queueIfQuiet(topic)
      } else {
        empty(topic)
        forget(topic)
        return true
      }
    }
    return false
  }

  /// To be called when a topic may have nobody who listens.
  mutating func queueIfQuiet(_ topic: TopicLog) {
    guard topic.topic.room == nil, !topic.isFollowed, !topic.isQueuedAsQuiet else { return }
    quiet.push(topic, at: topic.silentSince)
    topic.isQueuedAsQuiet = true
  }

  /// Drops a topic that nobody listens to and that keeps nothing.
  mutating func forgetIfIdle(_ topic: TopicLog) {
    guard topic.isForgettable, topics[topic.topic] === topic else { return }
    forget(topic)
  }

  private mutating func forget(_ topic: TopicLog) {
    remove(topic)
    losses.forget(topic)
    feeds.disconnect(topic)
    forgotten.remember(topic.topic, lostThrough: topic.droppedThrough)
  }

  // MARK: - Histories

  /// Takes a message into a topic's history, and lets go what the bounds on history no longer cover.
  mutating func append(_ frame: Frame, to topic: TopicLog, now: Instant) {
    topic.append(frame)
    ledger.enter(frame)
    order?.append(frame, of: topic)
    while topic.frames.count > settings.historyCount { removeOldest(of: topic) }
    expire(topic, now: now)
    if !topic.isQueuedForEviction { requeue(topic) }
    while ledger.historyBytes > settings.historyBytes, evictOldest(but: topic) {}
    if topic.topic.room == nil { queueIfQuiet(topic) }
  }

  /// Lets go what is too old for replay.
  mutating func expire(_ topic: TopicLog, now: Instant) {
    while let oldest = topic.frames.first, oldest.time + settings.historyAge <= now {
      removeOldest(of: topic)
    }
  }

  /// Lets go what is too old for replay, and the topics that have neither listeners nor messages then.
  ///
  /// The oldest message of all stands first, so that nothing else is looked at.
  ///
  /// - Parameter limit: so many messages go at once.
  mutating func sweep(atMost limit: Int, now: Instant) {
    var left = limit
    while left > 0, let (position, topic) = evictions.first {
      if let oldest = topic.frames.first, oldest.position == position {
        guard oldest.time + settings.historyAge <= now else { return }
        removeOldest(of: topic)
        left -= 1
      }
      evictions.pop()
      topic.isQueuedForEviction = false
      requeue(topic)
      forgetIfIdle(topic)
    }
  }

  private mutating func removeOldest(of topic: TopicLog) {
    let frame = topic.removeOldest()
    droppedThrough = max(droppedThrough, frame.number)
    ledger.leave(frame)
    order?.remove(frame, of: topic)
    losses.record(topic, frame.position)
  }

  /// The index of all messages, ready to be read; nil where nobody can follow more than they name.
  mutating func arrangedOrder() -> HistoryIndex? {
    order?.arrange()
    return order
  }

  private mutating func empty(_ topic: TopicLog) {
    while !topic.frames.isEmpty { removeOldest(of: topic) }
  }

  /// Takes the oldest message of all out of history; false when there is none.
  ///
  /// - Parameter kept: stays also when it is empty then.
  private mutating func evictOldest(but kept: TopicLog) -> Bool {
    while let (position, topic) = evictions.pop() {
      topic.isQueuedForEviction = false
      let isCurrent = topic.frames.first.map { $0.position == position } ?? false
      if isCurrent { removeOldest(of: topic) }
      requeue(topic)
      if topic !== kept { forgetIfIdle(topic) }
      if isCurrent { return true }
    }
    return false
  }

  private mutating func requeue(_ topic: TopicLog) {
    guard let oldest = topic.frames.first else { return }
    evictions.push(topic, at: oldest.position)
    topic.isQueuedForEviction = true
  }

  /// Drops the queues' entries of topics that no longer belong there, which else would stay until a bound
  /// is reached again.
  private mutating func compactQueues() {
    if quiet.count > 2 * topicCount + 16 {
      quiet = PositionHeap()
      for topic in topics {
        topic.isQueuedAsQuiet = false
        queueIfQuiet(topic)
      }
    }
    guard evictions.count > 2 * topics.count + 16 else { return }
    evictions = PositionHeap()
    for topic in topics {
      topic.isQueuedForEviction = false
      requeue(topic)
    }
  }

  // MARK: - Histories that come from elsewhere

  /// Holds an empty room, of which a backplane knows what came before; nil when there is no place.
  mutating func hold(
    _ name: RoomName, droppedThrough: UInt64, unknownThrough: UInt64
  ) -> TopicLog? {
    precondition(topics[.room(name)] == nil, "a room is taken over once")
    let room = restore(
      .room(name), droppedThrough: droppedThrough, unknownThrough: unknownThrough)
    room?.isHeld = true
    return room
  }

  /// Drops a room that nobody listens to with its log, and remembers nothing.
  mutating func unload(_ name: RoomName) {
    guard let room = topics[.room(name)] else { return }
    precondition(!room.isFollowed, "a room with listeners stays")
    empty(room)
    remove(room)
    feeds.disconnect(room)
  }

  /// A topic as it is known from another table; nil when there is no place.
  mutating func restore(
    _ name: Topic, droppedThrough: UInt64, unknownThrough: UInt64
  ) -> TopicLog? {
    guard makePlace(for: name) else { return nil }
    let topic = TopicLog(name, droppedThrough: droppedThrough, unknownThrough: unknownThrough)
    self.droppedThrough = max(self.droppedThrough, droppedThrough)
    insert(topic)
    queueIfQuiet(topic)
    return topic
  }

  /// A topic that is not held has lost its messages up to `number`.
  mutating func remember(_ name: Topic, lostThrough number: UInt64) {
    droppedThrough = max(droppedThrough, number)
    forgotten.remember(name, lostThrough: number)
  }

  /// Topics that nothing else is known of have lost their messages up to `number`.
  mutating func loseAll(through number: UInt64) {
    droppedThrough = max(droppedThrough, number)
    forgotten.loseAll(through: number)
  }

  /// The newest number that a topic has lost that is held no more.
  var forgottenThrough: UInt64 { forgotten.newest }

  /// Begins a new history in every topic, with its first message where `starts` doesn't say otherwise.
  mutating func restart(at starts: [RoomName: HistoryStart]) {
    for topic in topics {
      beginHistory(of: topic, at: topic.topic.room.flatMap { starts[$0] } ?? HistoryStart())
    }
    forgotten.restart()
    droppedThrough = 0
  }

  /// Takes all of a topic's history out, for one that begins at `start`.
  mutating func beginHistory(of topic: TopicLog, at start: HistoryStart) {
    empty(topic)
    topic.beginHistory(at: start)
  }

  func snapshot(epoch: Epoch, newest: UInt64, now: Instant) -> HistorySnapshot {
    HistorySnapshot(
      epoch: epoch, newest: newest, lostThrough: forgotten.lostThrough,
      forgotten: forgotten.numbers, topics: topics, now: now)
  }
}
