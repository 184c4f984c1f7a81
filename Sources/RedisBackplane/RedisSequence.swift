internal import Hub

/// A room's messages as they were loaded and as they came live: each once, in order, and what is lost
/// between them.
struct RedisSequence: Equatable {
  enum Item: Equatable {
    case message(RedisMessage)
    /// Messages after a number through another one are lost, or may be.
    case loss(after: UInt64, through: UInt64, GapReason)
  }

  /// The messages up to this number have been given, or told to be lost.
  private(set) var last: UInt64
  /// Every message that the room had up to this number is known to have come.
  private var seen: UInt64
  private var loaded: ArraySlice<RedisMessage>
  private var live: ArraySlice<RedisMessage>
  /// What was said with the last of the loaded ones, until it was considered.
  private var end: RedisPage?

  /// - Parameters:
  ///   - last: the number of the newest message that was given before, or told to be lost.
  ///   - seen: through which number nothing was missed, since the node was live until then.
  ///   - loaded: in the order of the numbers.
  ///   - end: what Redis said with the last of them; nil when nothing was loaded.
  ///   - live: what came since shortly before the load, in the order in which it came.
  init(
    after last: UInt64 = 0, seen: UInt64 = 0, loaded: [RedisMessage] = [], end: RedisPage? = nil,
    live: [RedisMessage] = []
  ) {
    self.last = last
    self.seen = seen
    self.loaded = loaded[...]
    self.end = end
    self.live = live[...]
    dropGiven()
  }

  /// The number of the message that comes next, be it after a loss.
  var nextNumber: UInt64? { (next?.message ?? live.first)?.number }

  /// Whether there is nothing left to tell.
  var isEmpty: Bool { next == nil && end == nil }

  /// What was published before the end of the load comes before what that end says.
  private var next: (message: RedisMessage, isLive: Bool)? {
    let came = live.first.flatMap { $0.number <= end?.newest ?? .max ? $0 : nil }
    guard let stored = loaded.first else { return came.map { ($0, true) } }
    if let came, came.number < stored.number { return (came, true) }
    return (stored, false)
  }

  /// Takes out what comes next.
  mutating func popFirst() -> Item? {
    if next == nil, let end, let loss = finishLoad(end) { return loss }
    guard let (message, isLive) = next else { return nil }
    if let loss = loss(before: message, isLive: isLive) { return loss }
    last = message.number
    dropGiven()
    return .message(message)
  }

  /// Takes out a loss that everything begins with, and says where it begins then.
  mutating func takeStart() -> HistoryStart {
    var rest = self
    guard case .loss(_, let through, let reason)? = rest.popFirst() else {
      return HistoryStart(oldest: nextNumber)
    }
    self = rest
    var start = HistoryStart(oldest: nextNumber)
    if reason == .unknown { start.unknownThrough = through } else { start.droppedThrough = through }
    return start
  }

  /// Everything that was loaded is given: what the room had besides is gone. From here on all came live.
  private mutating func finishLoad(_ end: RedisPage) -> Item? {
    self.end = nil
    defer { seen = max(seen, end.newest) }
    if let newest = end.roomNewest { return lose(through: newest, .expired) }
    // A room that Redis does not know, or no longer, may have had messages up to the floor.
    return end.floor > seen ? lose(through: end.floor, .unknown) : nil
  }

  private mutating func loss(before message: RedisMessage, isLive: Bool) -> Item? {
    // What came live came after everything before it.
    let seen = isLive && end == nil ? message.number - 1 : seen
    let through = min(message.predecessor.through, message.number - 1)
    switch message.predecessor.continuity(after: last, seen: seen) {
    case .unbroken: return nil
    case .lost: return lose(through: through, .expired)
    case .unknown: return lose(through: through, .unknown)
    // Somebody has played with Redis' data.
    case .forked: return lose(through: message.number - 1, .unknown)
    }
  }

  private mutating func lose(through number: UInt64, _ reason: GapReason) -> Item? {
    guard number > last else { return nil }
    let loss = Item.loss(after: last, through: number, reason)
    last = number
    dropGiven()
    return loss
  }

  private mutating func dropGiven() {
    while let message = loaded.first, message.number <= last { loaded.removeFirst() }
    while let message = live.first, message.number <= last { live.removeFirst() }
  }
}

extension RoomHistory {
  /// What a room begins with that nobody has listened to before: what there is after the last loss.
  init(_ sequence: inout RedisSequence) {
    self.init()
    while let item = sequence.popFirst() {
      switch item {
      case .message(let message): messages.append(message.kept)
      case .loss(_, let through, let reason):
        // Trimmed while the pages were fetched: history is contiguous, so it begins here.
        if let last = messages.last { droppedThrough = last.number }
        messages = []
        if reason == .unknown { unknownThrough = through } else { droppedThrough = through }
      }
    }
  }
}
