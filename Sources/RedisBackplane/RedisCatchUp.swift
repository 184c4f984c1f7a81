internal import EventStream
internal import Events
internal import HeapModule
internal import Hub

/// A stranger's line that came while nothing could be handed on.
struct HeldLine: Equatable {
  let room: RoomName
  let line: [UInt8]
  /// The number of the message that came next, of whatever room; the highest there is when none did.
  var before = UInt64.max
}

/// Merges what rooms were lacking, and the strangers' lines that came meanwhile: by number, step by
/// step, so that no turn of the loop has to do it all.
struct RedisCatchUp {
  /// Something to be said in a room.
  enum Step: Equatable {
    case message(RoomName, RedisMessage)
    case stray(RoomName, [UInt8])
    /// Messages from after a number up to another one are lost; `oldest` is the next that comes.
    case gap(RoomName, after: UInt64, lostThrough: UInt64, oldest: UInt64?, GapReason)
  }

  /// What comes next of a room, and its place in `rooms`.
  private struct Head: Comparable {
    let number: UInt64
    let place: Int

    static func < (one: Head, other: Head) -> Bool {
      (one.number, one.place) < (other.number, other.place)
    }
  }

  private var rooms: [(name: RoomName, sequence: RedisSequence)]
  private var heads = Heap<Head>()
  private var strays: ArraySlice<HeldLine>
  /// The number of the newest message that was given, over all rooms.
  private var newest: UInt64

  /// - Parameters:
  ///   - strays: in the order of arrival.
  ///   - floor: the number of the newest message over all rooms that anybody has been sent; what is
  ///     not beyond it could not be sent in order.
  init(_ rooms: [RoomName: RedisSequence], strays: [HeldLine], beyond floor: UInt64) {
    self.rooms = rooms.sorted { $0.key < $1.key }.map { ($0, $1) }
    self.strays = strays[...]
    newest = floor
    for place in self.rooms.indices { queue(place) }
  }

  /// Takes out what comes next.
  mutating func popFirst() -> Step? {
    while let head = heads.min {
      // A loss that no message follows stands at the very end.
      if head.number < .max, let line = strays.first, line.before <= head.number { break }
      heads.removeMin()
      defer { queue(head.place) }
      if let step = step(of: head.place) { return step }
    }
    return strays.popFirst().map { .stray($0.room, $0.line) }
  }

  private mutating func queue(_ place: Int) {
    guard !rooms[place].sequence.isEmpty else { return }
    heads.insert(Head(number: rooms[place].sequence.nextNumber ?? .max, place: place))
  }

  private mutating func step(of place: Int) -> Step? {
    let name = rooms[place].name
    let before = rooms[place].sequence.last
    switch rooms[place].sequence.popFirst() {
    case nil: return nil
    case .loss(let after, let through, let reason)?:
      return .gap(
        name, after: after, lostThrough: through, oldest: rooms[place].sequence.nextNumber, reason)
    case .message(let message)?:
      guard message.number > newest else {
        // Redis never sends one so late; somebody has played with its data.
        return .gap(
          name, after: before, lostThrough: message.number,
          oldest: rooms[place].sequence.nextNumber, .unknown)
      }
      newest = message.number
      return .message(name, message)
    }
  }
}

extension RedisCatchUp.Step {
  var room: RoomName {
    switch self {
    case .message(let room, _), .stray(let room, _), .gap(let room, _, _, _, _): room
    }
  }

  /// How many bytes it adds to a stream, roughly.
  var cost: Int {
    switch self {
    case .message(_, let message):
      ServerSentEvent.maximumBytes(ofData: message.event.data.utf8) + 100
    case .stray(_, let line): ServerSentEvent.maximumBytes(ofData: line)
    case .gap: 0
    }
  }
}
