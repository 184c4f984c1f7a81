internal import Events

/// Which rooms are followed, since when nobody has asked for them, and what comes over the channels.
struct RedisFollowing {
  typealias Instant = ContinuousClock.Instant

  /// A channel, and the number that all has which is heard on it.
  struct Subscription: Equatable {
    let channel: String
    let number: Int
  }

  /// The number of the node's own channel.
  static let nodeNumber = 0

  /// A room that nobody listens to is followed for so long after it was last asked for: a page comes
  /// before its stream, and a reload between two streams.
  static let linger = Duration.seconds(5)
  /// How often it is looked which rooms may go.
  private static let sweepInterval = Duration.seconds(1)

  private let names: RedisNames
  private var channels: [Int: RedisNames.Channel] = [nodeNumber: .node]
  /// For each room whose channels are known, the number of the envelopes'; that of the lines' is the
  /// next. None is used twice: what still comes of a room that was let go is nobody else's.
  private var numbers: [RoomName: Int] = [:]
  private var nextNumber = nodeNumber + 1
  /// When each room was last asked for.
  private var lastUse: [RoomName: Instant] = [:]
  private var nextSweep: Instant

  init(names: RedisNames, now: Instant) {
    self.names = names
    nextSweep = now
  }

  /// Whether these rooms can be followed when no more than `limit` may be.
  func hasPlace(for rooms: [RoomName], limit: Int) -> Bool {
    lastUse.count + rooms.count { lastUse[$0] == nil } <= limit
  }

  /// Somebody asks for a room.
  mutating func use(_ room: RoomName, now: Instant) {
    lastUse[room] = now
    guard numbers[room] == nil else { return }
    numbers[room] = nextNumber
    channels[nextNumber] = .envelopes(room)
    if names.hasPlainLines { channels[nextNumber + 1] = .lines(room) }
    nextNumber += 2
  }

  /// Nobody needs a room any more.
  mutating func leave(_ room: RoomName) { lastUse[room] = nil }

  /// Whether nobody has asked for a room lately.
  func hasLingered(_ room: RoomName, now: Instant) -> Bool {
    lastUse[room].map { now - $0 >= Self.linger } ?? true
  }

  /// Whether it is time to look for rooms that may go.
  mutating func isSweepDue(now: Instant) -> Bool {
    guard now >= nextSweep else { return false }
    nextSweep = now + Self.sweepInterval
    return true
  }

  /// What comes with a subscription's number; nil: nothing that matters.
  func channel(_ number: Int) -> RedisNames.Channel? { channels[number] }

  /// What is to be subscribed for a room that was asked for.
  func subscriptions(of room: RoomName) -> [Subscription] {
    guard let number = numbers[room] else { return [] }
    return names.channels(of: room).enumerated().map { place, channel in
      Subscription(channel: channel, number: number + place)
    }
  }

  /// Nothing more comes over a room's channels that matters.
  mutating func forgetChannels(of room: RoomName) {
    guard let number = numbers.removeValue(forKey: room) else { return }
    channels[number] = nil
    channels[number + 1] = nil
  }

  /// The rooms whose channels are known.
  var rooms: [RoomName] { Array(numbers.keys) }
}
