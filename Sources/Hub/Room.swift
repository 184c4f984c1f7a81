internal import EventStream

/// A room: its log, oldest frame first, and the feeds that its listeners hang on.
///
/// The log's front may hold *retired* frames: out of history, so never replayed again, but still
/// needed by a connected listener that is behind. The rest is history.
final class Room {
  let name: RoomName
  /// Ordered by number.
  private(set) var frames = Ring<Frame>()
  /// How many frames at the front are retired.
  private(set) var retired = 0
  /// What the frames in history cost.
  private(set) var historyBytes = 0
  /// The messages up to this number that the room ever had are gone from the log.
  private(set) var droppedThrough: UInt64
  /// Bytes of all frames ever taken in.
  private(set) var takenBytes: UInt64 = 0
  /// The feeds that follow this room; each has listeners.
  private(set) var feeds: [Feed] = []
  /// Whether the eviction queue knows this room: it does while there is history.
  var isQueuedForEviction = false

  /// - Parameter droppedThrough: what is remembered of an earlier room of this name.
  init(name: RoomName, droppedThrough: UInt64) {
    self.name = name
    self.droppedThrough = droppedThrough
  }

  var historyCount: Int { frames.count - retired }
  var oldestInHistory: Frame? { historyCount > 0 ? frames[retired] : nil }
  /// Nobody listens and nothing is kept.
  var isForgettable: Bool { feeds.isEmpty && frames.isEmpty }

  func append(_ event: ServerSentEvent, number: UInt64, time: ContinuousClock.Instant) -> Frame {
    precondition(number > (frames.last?.number ?? 0), "numbers rise in a room's log")
    let frame = Frame(event, number: number, offset: takenBytes, time: time)
    takenBytes += UInt64(frame.bytes.count)
    historyBytes += frame.cost
    frames.append(frame)
    return frame
  }

  /// Takes the oldest frame out of history; it stays in the log until `drop` lets it go.
  func retireOldest() {
    let frame = frames[retired]
    historyBytes -= frame.cost
    retired += 1
  }

  /// Lets the retired frames go that every connected listener has.
  func drop() {
    guard retired > 0 else { return }
    let needed = feeds.reduce(UInt64.max) { min($0, $1.floor) }
    while retired > 0, let frame = frames.first, frame.number <= needed {
      frames.removeFirst()
      retired -= 1
      droppedThrough = frame.number
      for feed in feeds { feed.lose(frame.number) }
    }
  }

  /// The index of the first frame after `number`.
  func index(after number: UInt64) -> Int {
    frames.partitionPoint { $0.number <= number }
  }

  /// Bytes of the frames after `number`.
  func bytes(after number: UInt64) -> UInt64 {
    let index = index(after: number)
    return index < frames.count ? takenBytes - frames[index].offset : 0
  }

  func add(_ feed: Feed) { feeds.append(feed) }
  func remove(_ feed: Feed) { feeds.removeAll { $0 === feed } }
}
