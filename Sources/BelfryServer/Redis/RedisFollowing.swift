internal import EventStream

/// Which rooms are followed, since when nobody has asked for them, and what comes over the channels.
struct RedisFollowing {
  typealias Instant = ContinuousClock.Instant

  /// A room that nobody listens to is followed for so long after it was last asked for: a page comes
  /// before its stream, and a reload between two streams.
  static let linger = Duration.seconds(5)
  /// How often it is looked which rooms may go.
  private static let sweepInterval = Duration.seconds(1)

  private let names: RedisNames
  private var channels: [[UInt8]: RedisNames.Channel] = [:]
  /// When each room was last asked for.
  private var lastUse: [RoomName: Instant] = [:]
  private var nextSweep: Instant

  init(names: RedisNames, now: Instant) {
    self.names = names
    nextSweep = now
    channels[Array(names.nodeChannel.utf8)] = .node
  }

  /// Whether these rooms can be followed when no more than `limit` may be.
  func hasPlace(for rooms: [RoomName], limit: Int) -> Bool {
    lastUse.count + rooms.count { lastUse[$0] == nil } <= limit
  }

  /// Somebody asks for a room.
  mutating func use(_ room: RoomName, now: Instant) {
    lastUse[room] = now
    let both = names.channels(of: room)
    channels[Array(both[0].utf8)] = .envelopes(room)
    channels[Array(both[1].utf8)] = .lines(room)
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

  /// What comes over a channel; nil: nothing that matters.
  func channel(_ name: [UInt8]) -> RedisNames.Channel? { channels[name] }

  /// Nothing more comes over a room's channels that matters.
  mutating func forgetChannels(of room: RoomName) {
    for channel in names.channels(of: room) { channels[Array(channel.utf8)] = nil }
  }

  /// The rooms whose channels are known.
  var rooms: [RoomName] {
    channels.values.compactMap { if case .lines(let room) = $0 { room } else { nil } }
  }
}
