/// One open stream: a cursor into the order of events.
struct Listener {
  /// The sink's name for it; negative when the slot is free. An optional would take 8 bytes.
  private var rawHandle: Int32 = -1
  /// Counts the streams that this slot has held, so that a late event for an old one names nobody.
  var generation: UInt32 = 0
  /// The feed it hangs on, and its place there.
  var feed: Int32 = 0
  var place: UInt32 = 0
  /// It has every frame up to this position.
  var cursor: UInt64 = 0
  /// Bytes it has of the frame after that. Four bytes would make the record no smaller, and a frame of
  /// 4 GiB would not fit in them.
  private(set) var offset = 0
  /// The hub's tick in which bytes were last taken.
  var lastWrite: UInt32 = 0
  var flags: Flags = []

  init() {}

  init(_ handle: StreamHandle, cursor: UInt64, lastWrite: UInt32, flags: Flags) {
    precondition(handle.rawValue >= 0, "a handle is not negative")
    rawHandle = handle.rawValue
    self.cursor = cursor
    self.lastWrite = lastWrite
    self.flags = flags
  }

  /// The sink's name for it; nil when the slot is free.
  var handle: StreamHandle? { rawHandle < 0 ? nil : StreamHandle(rawValue: rawHandle) }

  /// It has every frame up to `position` (nil: none more than before), and `offset` bytes of the next.
  ///
  /// - Parameter tick: when it took bytes; nil: it took none.
  /// - Returns: a copy, so that a caller that continues to write need not look again.
  mutating func advance(to position: UInt64?, offset: Int, tick: UInt32?) -> Listener {
    if let position { cursor = position }
    self.offset = offset
    if let tick { lastWrite = tick }
    return self
  }

  struct Flags: OptionSet {
    var rawValue: UInt16
    /// HTTP/1.0: bare bytes, no chunks.
    static var plain: Flags { Flags(rawValue: 1) }
    /// It did not take all it was offered, and waits for `resume`; the walk passes it by.
    static var behind: Flags { Flags(rawValue: 2) }
    /// It has not reached the head since it came; it reads from history and keeps nothing alive.
    static var replaying: Flags { Flags(rawValue: 4) }
    /// It was replaying when history ended: until it has reached the head, lines without an id are not for it.
    static var skipsStrays: Flags { Flags(rawValue: 512) }
    /// Its sink was told that it is blocked.
    static var blocked: Flags { Flags(rawValue: 128) }
    /// It stands in the hub's `unfinished`.
    static var queued: Flags { Flags(rawValue: 256) }
    /// Bytes that only it is sent wait in the hub's `privateBytes`, before everything else.
    static var hasPrivateBytes: Flags { Flags(rawValue: 8) }
    /// It is to be ended once it has everything.
    static var ending: Flags { Flags(rawValue: 16) }
    /// It is ended because its time is over.
    static var isExpired: Flags { Flags(rawValue: 1024) }
    /// Its goodbye is written, or waits as private bytes.
    static var saidGoodbye: Flags { Flags(rawValue: 64) }
    /// It is in the list of those to be removed after the walk.
    static var doomed: Flags { Flags(rawValue: 32) }
  }

  var framing: Framing { flags.contains(.plain) ? .plain : .chunked }
}

/// The listeners of a hub, one after the other in memory; a slot is used again with a new generation.
struct ListenerTable {
  private(set) var count = 0
  private var records: [Listener] = []
  private var free: [UInt32] = []

  /// One more than the highest slot ever used.
  var slots: Int { records.count }

  subscript(slot: UInt32) -> Listener {
    get { records[Int(slot)] }
    _modify { yield &records[Int(slot)] }
  }

  /// The slot that `token` names, unless its stream is gone.
  func slot(of token: StreamToken) -> UInt32? {
    guard Int(token.slot) < records.count else { return nil }
    let record = records[Int(token.slot)]
    return record.generation == token.generation && record.handle != nil ? token.slot : nil
  }

  func token(of slot: UInt32) -> StreamToken {
    StreamToken(slot: slot, generation: records[Int(slot)].generation)
  }

  /// Stores a record in a free slot, whose generation it takes over.
  mutating func insert(_ listener: Listener) -> UInt32 {
    count += 1
    var listener = listener
    if let slot = free.popLast() {
      listener.generation = records[Int(slot)].generation
      records[Int(slot)] = listener
      return slot
    }
    records.append(listener)
    return UInt32(records.count - 1)
  }

  mutating func remove(_ slot: UInt32) {
    count -= 1
    let generation = records[Int(slot)].generation &+ 1
    records[Int(slot)] = Listener()
    records[Int(slot)].generation = generation
    free.append(slot)
  }
}
