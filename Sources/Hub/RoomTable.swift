internal import EventStream
internal import Events

/// The rooms of a hub, their history's bounds, and what is remembered of rooms that were forgotten.
struct RoomTable {
  private let settings: HubSettings
  private(set) var rooms: [RoomName: Room] = [:]
  /// For rooms that were forgotten: up to which number their messages are lost.
  private var forgotten: [RoomName: UInt64] = [:]
  /// The same for rooms that even `forgotten` had no place for.
  private var lostThrough: UInt64 = 0
  /// Rooms that have history, the one with the oldest message first.
  ///
  /// An entry may be out of date, since messages also leave a room's history by count and age; whoever
  /// takes one compares. A room stands here at most once; those that are forgotten are dropped.
  private var evictions = PositionHeap<Room>()
  private(set) var historyBytes = 0
  private(set) var historyEntries = 0
  /// What frames cost that are kept only because a listener still needs them: messages that have left
  /// history, notices, and lines without a number.
  private(set) var retainedBytes = 0
  /// Rooms that keep such frames, the one with the oldest first; out of date as `evictions` may be.
  private var retaining = PositionHeap<Room>()

  var queuedForEviction: Int { evictions.count }
  var queuedForRetention: Int { retaining.count }

  init(settings: HubSettings) { self.settings = settings }

  /// The room of this name, made when it isn't held; nil when as many as may be are held already.
  mutating func room(_ name: RoomName) -> Room? {
    if let room = rooms[name] { return room }
    guard rooms.count < settings.maximumRooms else { return nil }
    let room = Room(name: name, droppedThrough: forgotten.removeValue(forKey: name) ?? lostThrough)
    rooms[name] = room
    return room
  }

  /// Takes a message into its room's log, and lets go what the bounds on history no longer cover.
  ///
  /// - Returns: the bytes that a stream is sent.
  @discardableResult
  mutating func append(
    _ sent: ServerSentEvent, _ event: Event, to room: Room, number: UInt64, position: UInt64,
    time: ContinuousClock.Instant, now: ContinuousClock.Instant
  ) -> Int {
    let frame = room.append(sent, event, number: number, position: position, time: time)
    historyBytes += frame.cost
    historyEntries += 1
    while room.historyCount > settings.historyCount { retireOldest(of: room) }
    expire(room, now: now)
    if !room.isQueuedForEviction { requeue(room) }
    while historyBytes > settings.historyBytes, evictOldest() {}
    drop(room)
    return frame.size
  }

  /// Lets go what is too old for replay.
  mutating func expire(_ room: Room, now: ContinuousClock.Instant) {
    while let oldest = room.oldestInHistory, oldest.time + settings.historyAge <= now {
      retireOldest(of: room)
    }
  }

  /// Expires every room's history and forgets the rooms that have neither listeners nor messages.
  mutating func sweep(now: ContinuousClock.Instant) {
    for room in rooms.values {
      expire(room, now: now)
      drop(room)
      forgetIfIdle(room)
    }
  }

  /// Takes in what only those get who listen now; returns the bytes that a stream is sent.
  mutating func appendStray(
    _ event: ServerSentEvent, to room: Room, position: UInt64, time: ContinuousClock.Instant
  ) -> Int {
    let frame = room.appendStray(event, position: position, time: time)
    retainedBytes += frame.cost
    return frame.size
  }

  /// Takes in what those are told who are here when history begins anew; returns the bytes that a stream is sent.
  mutating func appendNotice(
    _ event: ServerSentEvent, to room: Room, position: UInt64, time: ContinuousClock.Instant
  ) -> Int {
    let frame = room.appendNotice(event, position: position, time: time)
    retainedBytes += frame.cost
    return frame.size
  }

  /// Lets a room's frames go that are out of history and that every connected listener has.
  mutating func drop(_ room: Room) {
    retainedBytes -= room.drop()
    guard room.isRetaining, !room.isQueuedAsRetaining, let oldest = room.oldestRetained else {
      return
    }
    retaining.push(room, at: oldest)
    room.isQueuedAsRetaining = true
  }

  /// Takes the room that keeps the oldest frame beyond history; the caller gives it back by `drop`. An
  /// entry may be out of date: then the room keeps a younger frame, or none. Nil when there is no room.
  mutating func takeRetaining() -> Room? {
    guard let (_, room) = retaining.pop() else { return nil }
    room.isQueuedAsRetaining = false
    retainedBytes -= room.drop()
    return room
  }

  /// Whether another room keeps an older frame than `position`, as far as is known.
  func retainsOlder(than position: UInt64) -> Bool {
    retaining.first.map { $0.position < position } ?? false
  }

  /// Holds an empty room, of which a backplane knows what came before; nil when there is no place.
  mutating func hold(
    _ name: RoomName, droppedThrough: UInt64, unknownThrough: UInt64
  ) -> Room? {
    precondition(rooms[name] == nil, "a room is taken over once")
    guard rooms.count < settings.maximumRooms else { return nil }
    let room = Room(name: name, droppedThrough: droppedThrough, unknownThrough: unknownThrough)
    room.isHeld = true
    rooms[name] = room
    return room
  }

  /// Drops a room that nobody listens to with its log, and remembers nothing.
  mutating func unload(_ name: RoomName) {
    guard let room = rooms[name] else { return }
    precondition(room.feeds.isEmpty, "a room with listeners stays")
    retireAll(of: room)
    drop(room)
    rooms[name] = nil
    compactQueues()
  }

  /// Begins a new history in every room, with its first message where `starts` doesn't say otherwise.
  mutating func restart(at starts: [RoomName: HistoryStart]) {
    forgotten = [:]
    lostThrough = 0
    for room in rooms.values { beginHistory(of: room, at: starts[room.name] ?? HistoryStart()) }
  }

  /// Takes all of a room's history out, for one that begins at `start`.
  mutating func beginHistory(of room: Room, at start: HistoryStart) {
    retireAll(of: room)
    room.beginHistory(at: start)
    drop(room)
  }

  private mutating func retireAll(of room: Room) {
    while room.historyCount > 0 { retireOldest(of: room) }
  }

  /// Drops a room that nobody listens to and that keeps nothing.
  mutating func forgetIfIdle(_ room: Room) {
    guard room.isForgettable, rooms.removeValue(forKey: room.name) != nil else { return }
    compactQueues()
    remember(room.name, lostThrough: room.droppedThrough)
  }

  /// A room that is not held has lost its messages up to `number`.
  mutating func remember(_ name: RoomName, lostThrough number: UInt64) {
    guard number > lostThrough else { return }
    if forgotten.count >= settings.maximumRooms, let other = forgotten.first {
      forgotten.removeValue(forKey: other.key)
      lostThrough = max(lostThrough, other.value)
    }
    forgotten[name] = number
  }

  /// Rooms that nothing else is known of have lost their messages up to `number`.
  mutating func loseAll(through number: UInt64) { lostThrough = max(lostThrough, number) }

  func snapshot(epoch: Epoch, newest: UInt64, now: ContinuousClock.Instant) -> HistorySnapshot {
    let logs = rooms.values.map { room in
      let lost = room.retired > 0 ? room.messages.frames[room.retired - 1].number : 0
      return HistorySnapshot.Log(
        name: room.name, droppedThrough: max(room.droppedThrough, lost),
        unknownThrough: room.unknownThrough, frames: room.messages.frames, retired: room.retired)
    }
    return HistorySnapshot(
      epoch: epoch, newest: newest, lostThrough: lostThrough, forgotten: forgotten, logs: logs,
      now: now)
  }

  /// A room as it is known from another table; nil when there is no place.
  mutating func restore(
    _ name: RoomName, droppedThrough: UInt64, unknownThrough: UInt64
  ) -> Room? {
    guard rooms.count < settings.maximumRooms else { return nil }
    let room = Room(name: name, droppedThrough: droppedThrough, unknownThrough: unknownThrough)
    rooms[name] = room
    return room
  }

  /// Drops the queues' entries of rooms that no longer belong there, which else would stay until a bound
  /// is reached again.
  private mutating func compactQueues() {
    if retaining.count > 2 * rooms.count + 16 {
      retaining.filter { [rooms] in rooms[$1.name] === $1 }
    }
    guard evictions.count > 2 * rooms.count + 16 else { return }
    evictions = PositionHeap()
    for room in rooms.values {
      room.isQueuedForEviction = false
      requeue(room)
    }
  }

  private mutating func retireOldest(of room: Room) {
    guard let oldest = room.oldestInHistory else { return }
    historyBytes -= oldest.cost
    historyEntries -= 1
    retainedBytes += oldest.cost
    room.retireOldest()
  }

  /// Takes the oldest message of all out of history; false when there is none.
  private mutating func evictOldest() -> Bool {
    while let (position, room) = evictions.pop() {
      room.isQueuedForEviction = false
      if let oldest = room.oldestInHistory, oldest.position == position {
        retireOldest(of: room)
        drop(room)
        requeue(room)
        return true
      }
      requeue(room)
    }
    return false
  }

  private mutating func requeue(_ room: Room) {
    guard let oldest = room.oldestInHistory else { return }
    evictions.push(room, at: oldest.position)
    room.isQueuedForEviction = true
  }
}
