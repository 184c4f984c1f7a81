internal import EventStream
internal import Events

/// A room: its logs, oldest frame first, and the feeds that its listeners hang on.
///
/// The front of `messages` may hold *retired* frames: out of history, so never replayed again, but
/// still needed by a connected listener that is behind. The rest is history. What was never in
/// history, lines without an id, has a log of its own, so that it goes as soon as nobody needs it
/// and takes no message's place.
final class Room {
  let name: RoomName
  private(set) var messages = FrameLog()
  /// Frames for those who listen now, without an id, never replayed.
  private(set) var strays = FrameLog()
  /// How many there are; a look at the log itself would be checked for exclusive access at run time.
  private var strayCount = 0
  /// How many messages at the front are retired.
  private(set) var retired = 0
  /// How many of those are from before history began anew.
  private var past = 0
  /// What the messages in history cost.
  private(set) var historyBytes = 0
  /// The messages up to this number that the room ever had are gone from the log.
  private(set) var droppedThrough: UInt64
  /// Of messages up to this number it is not known whether the room had any.
  private(set) var unknownThrough: UInt64
  /// The feeds that follow this room; each has listeners.
  private(set) var feeds: [Feed] = []
  /// Whether the eviction queue knows this room: it does while there is history.
  var isQueuedForEviction = false
  /// Whether the table's queue of rooms that keep frames beyond history has this one.
  var isQueuedAsRetaining = false
  /// Whether it is kept, empty or not, until the backplane lets it go.
  var isHeld = false

  /// - Parameters:
  ///   - droppedThrough: what is remembered of an earlier room of this name.
  ///   - unknownThrough: how far the memory of earlier rooms doesn't reach.
  init(name: RoomName, droppedThrough: UInt64, unknownThrough: UInt64 = 0) {
    self.name = name
    self.droppedThrough = droppedThrough
    self.unknownThrough = unknownThrough
  }

  var historyCount: Int { messages.frames.count - retired }
  var oldestInHistory: Frame? { historyCount > 0 ? messages.frames[retired] : nil }
  /// Whether frames are kept only because a listener still needs them.
  var isRetaining: Bool { retired > 0 || strayCount > 0 }
  /// The position of the oldest frame that is kept only because a listener still needs it.
  var oldestRetained: UInt64? {
    let stray = strays.frames.first?.position
    guard retired > 0, let message = messages.frames.first?.position else { return stray }
    return min(message, stray ?? message)
  }
  /// Nobody listens and nothing is kept.
  var isForgettable: Bool { feeds.isEmpty && messages.isEmpty && !isHeld }

  func append(
    _ sent: ServerSentEvent, _ event: Event, number: UInt64, position: UInt64,
    time: ContinuousClock.Instant
  ) -> Frame {
    let frame = messages.append(sent, event, number: number, position: position, time: time)
    historyBytes += frame.cost
    return frame
  }

  /// Takes in what only those get who listen now.
  func appendStray(
    _ event: ServerSentEvent, position: UInt64, time: ContinuousClock.Instant
  ) -> Frame {
    strayCount += 1
    return strays.append(event, number: 0, position: position, time: time)
  }

  /// Takes the oldest frame out of history; it stays in the log until `drop` lets it go.
  func retireOldest() {
    let frame = messages.frames[retired]
    historyBytes -= frame.cost
    retired += 1
  }

  /// History begins anew; everything in the log is retired.
  func beginHistory(at start: HistoryStart) {
    precondition(historyCount == 0, "what is past is retired first")
    past = retired
    droppedThrough = start.droppedThrough
    unknownThrough = start.unknownThrough
  }

  /// Takes in what those are to be told who are here when history begins anew, after what they lack
  /// of the past.
  func appendNotice(
    _ event: ServerSentEvent, position: UInt64, time: ContinuousClock.Instant
  ) -> Frame {
    precondition(historyCount == 0 && past == retired, "it stands at the beginning")
    let frame = messages.append(
      event, number: 0, position: position, time: time, isNotice: true)
    retired += 1
    past += 1
    return frame
  }

  /// The first message after `position`, notices left out.
  func firstMessage(after position: UInt64) -> Frame? {
    for index in messages.index(after: position)..<messages.frames.count
    where messages.frames[index].number > 0 {
      return messages.frames[index]
    }
    return nil
  }

  /// Lets the frames go that are out of history and that every connected listener has, and returns what
  /// they cost.
  func drop() -> Int {
    guard isRetaining else { return 0 }
    var cost = 0
    let needed = feeds.reduce(UInt64.max) { min($0, $1.floor) }
    while strayCount > 0, let frame = strays.frames.first, frame.position <= needed {
      strays.removeFirst()
      strayCount -= 1
      cost += frame.cost
    }
    while retired > 0, let frame = messages.frames.first, frame.position <= needed {
      messages.removeFirst()
      cost += frame.cost
      retired -= 1
      if past > 0 { past -= 1 } else { droppedThrough = frame.number }
      for feed in feeds { feed.lose(frame.position) }
    }
    return cost
  }

  /// The oldest frame after `position` that a listener there needs.
  func first(after position: UInt64) -> Frame? {
    guard let stray = strays.first(after: position) else { return messages.first(after: position) }
    guard let message = messages.first(after: position) else { return stray }
    return message.position < stray.position ? message : stray
  }

  /// Bytes of the frames after `position`.
  func bytes(after position: UInt64) -> UInt64 {
    messages.bytes(after: position) + strays.bytes(after: position)
  }

  func add(_ feed: Feed) { feeds.append(feed) }
  func remove(_ feed: Feed) { feeds.removeAll { $0 === feed } }
}
