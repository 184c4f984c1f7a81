internal import Events
internal import Hub

/// Those who wait until rooms are loaded, or until it is certain that a listener's last id is unknown.
struct RedisWaitingList {
  typealias Completion = (Preparation) -> Void

  private enum Heartbeat: Equatable {
    case notNeeded
    /// One that is asked for from now on.
    case needed
    case asked(token: UInt64)
  }

  private struct Entry {
    let rooms: [RoomName]
    var heartbeat: Heartbeat
    let deadline: ContinuousClock.Instant
    let completion: Completion
  }

  /// Ready ones let go in one turn: each opens a stream, which takes some 50 µs (Benchmarks/README.md).
  private static let perTurn = 100

  private var entries: [Entry] = []
  /// The heartbeat that is on its way for their sake, whether or not they still wait.
  private var asking: UInt64?
  /// Something has happened since the list was last looked through.
  private var isStale = false

  mutating func add(
    _ rooms: [RoomName], needsHeartbeat: Bool, until deadline: ContinuousClock.Instant,
    completion: @escaping Completion
  ) {
    let heartbeat = needsHeartbeat ? Heartbeat.needed : .notNeeded
    entries.append(
      Entry(rooms: rooms, heartbeat: heartbeat, deadline: deadline, completion: completion))
  }

  /// Whether a heartbeat is to be sent for their sake: one at a time, for all who came before it.
  var needsHeartbeat: Bool { asking == nil && entries.contains { $0.heartbeat == .needed } }

  /// That heartbeat is sent.
  mutating func asked(_ token: UInt64) {
    asking = token
    for index in entries.indices where entries[index].heartbeat == .needed {
      entries[index].heartbeat = .asked(token: token)
    }
  }

  /// The marker of a heartbeat has come.
  mutating func heard(_ token: UInt64) {
    guard token == asking else { return }
    asking = nil
    isStale = true
    for index in entries.indices where entries[index].heartbeat == .asked(token: token) {
      entries[index].heartbeat = .notNeeded
    }
  }

  /// The connection is gone: markers that were asked for won't come.
  mutating func forgetHeartbeats() {
    asking = nil
    for index in entries.indices where entries[index].heartbeat != .notNeeded {
      entries[index].heartbeat = .needed
    }
  }

  mutating func mayBeReady() { isStale = true }

  /// The rooms that somebody waits for.
  var wanted: Set<RoomName> { Set(entries.flatMap(\.rooms)) }

  /// Takes out some of those who need wait no longer; more may be left.
  mutating func removeReady(_ isReady: (RoomName) -> Bool) -> ([Completion], hasMore: Bool) {
    guard isStale else { return ([], false) }
    isStale = false
    return (
      remove(atMost: Self.perTurn) { entry in
        entry.heartbeat == .notNeeded && entry.rooms.allSatisfy(isReady)
      }, isStale
    )
  }

  /// Takes out those who have waited for too long.
  mutating func removeLate(now: ContinuousClock.Instant) -> [Completion] {
    remove { $0.deadline <= now }
  }

  /// Takes out those who wait for a room that can't be had.
  mutating func remove(wanting room: RoomName) -> [Completion] {
    remove { $0.rooms.contains(room) }
  }

  mutating func removeAll() -> [Completion] { remove { _ in true } }

  private mutating func remove(
    atMost limit: Int = .max, _ isWanted: (Entry) -> Bool
  ) -> [Completion] {
    guard !entries.isEmpty else { return [] }
    var taken: [Completion] = []
    var kept: [Entry] = []
    for entry in entries {
      if taken.count < limit, isWanted(entry) {
        taken.append(entry.completion)
      } else {
        kept.append(entry)
      }
    }
    if taken.count == limit { isStale = true }
    entries = kept
    return taken
  }
}
