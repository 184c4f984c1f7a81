internal import EventStream
internal import Hub

/// What came over a room's channels while its history was being loaded.
struct HeldLine: Equatable {
  enum Content: Equatable {
    case message(RedisMessage)
    /// A stranger's line.
    case stray([UInt8])
  }

  let room: RoomName
  let content: Content
}

/// Merges what was loaded with what came live meanwhile: by number, each once.
struct RedisCatchUp {
  /// Something to be said in a room.
  enum Step: Equatable {
    case message(RoomName, RedisMessage)
    case stray(RoomName, [UInt8])
    /// Messages from after a number up to another one are lost; `oldest` is the next that comes.
    case gap(RoomName, after: UInt64, lostThrough: UInt64, oldest: UInt64?, GapReason)
  }

  /// A room that listeners follow.
  struct Room: Equatable {
    /// The number of the newest message that they have.
    var last: UInt64
    /// In the order of the numbers.
    var loaded: [RedisMessage]
    /// The number of the room's newest message when the last of them was loaded.
    var newest: UInt64
    /// A loss before the first message is not worth telling: all of them are told of a new history.
    var isFresh = false
  }

  private(set) var steps: [Step] = []
  /// For each room, the number of the newest message that its listeners have afterwards.
  private(set) var last: [RoomName: UInt64]
  private var untold: Set<RoomName>

  /// - Parameters:
  ///   - held: in the order of arrival, which is that of the numbers.
  ///   - floor: the number of the newest message over all rooms that anybody has been sent; what is
  ///     not beyond it could not be sent in order.
  init(_ rooms: [RoomName: Room], held: [HeldLine], beyond floor: UInt64) {
    last = rooms.mapValues(\.last)
    untold = Set(rooms.filter(\.value.isFresh).keys)
    var loaded = rooms.flatMap { name, room in room.loaded.map { (name: name, message: $0) } }
    loaded.sort { $0.message.number < $1.message.number }
    var next = loaded.startIndex
    // The number of the first message held at or after each place.
    var bound = UInt64.max
    let bounds = held.reversed().map { line in
      if case .message(let message) = line.content { bound = message.number }
      return bound
    }.reversed()
    for (line, bound) in zip(held, bounds) where rooms[line.room] != nil {
      while next < loaded.endIndex, loaded[next].message.number < bound {
        add(loaded[next].message, in: loaded[next].name, beyond: floor)
        next += 1
      }
      switch line.content {
      case .message(let message): add(message, in: line.room, beyond: floor)
      case .stray(let bytes): steps.append(.stray(line.room, bytes))
      }
    }
    for (name, message) in loaded[next...] { add(message, in: name, beyond: floor) }
    // A room whose newest messages have expired already has none that could tell.
    for (name, room) in rooms.sorted(by: { $0.key < $1.key })
    where room.newest > last[name, default: 0] {
      if !untold.contains(name) {
        let before = last[name, default: 0]
        steps.append(
          .gap(name, after: before, lostThrough: room.newest, oldest: nil, .expired))
      }
      last[name] = room.newest
    }
  }

  private mutating func add(_ message: RedisMessage, in name: RoomName, beyond floor: UInt64) {
    let before = last[name, default: 0]
    // Twice: it was loaded, and came live as well.
    guard message.number > before else { return }
    guard message.number > floor else {
      // Redis never sends one so late; somebody has played with its data.
      steps.append(
        .gap(name, after: before, lostThrough: message.number, oldest: nil, .unknown))
      last[name] = message.number
      return
    }
    if untold.remove(name) == nil, message.predecessor.continuity(after: before) != .unbroken {
      steps.append(
        .gap(
          name, after: before, lostThrough: message.predecessor.through, oldest: message.number,
          .expired))
    }
    steps.append(.message(name, message))
    last[name] = message.number
  }
}

extension RoomHistory {
  /// What a room begins with that nobody has listened to before: what was loaded, and behind it what
  /// came live meanwhile.
  ///
  /// - Parameters:
  ///   - newest: the number of the room's newest message; nil when Redis does not know the room.
  ///   - floor: Redis' own; it speaks for rooms that it does not know.
  init(loaded: [RedisMessage], live: [RedisMessage], newest: UInt64?, floor: UInt64) {
    self.init()
    if newest == nil { unknownThrough = floor }
    var last: UInt64?
    for message in loaded + live where message.number > last ?? 0 {
      switch (last, message.predecessor) {
      case (nil, .unknown(let through)): unknownThrough = through
      case (nil, .number(let number)): droppedThrough = number
      case (let before?, let predecessor) where predecessor.continuity(after: before) != .unbroken:
        // Trimmed while the pages were fetched: history is contiguous, so it begins here.
        messages = []
        droppedThrough = max(before, droppedThrough)
        if case .number(let number) = predecessor { droppedThrough = max(number, droppedThrough) }
      default: break
      }
      messages.append(message.kept)
      last = message.number
    }
    if let newest, newest > last ?? 0 {
      messages = []
      droppedThrough = newest
    }
  }
}
