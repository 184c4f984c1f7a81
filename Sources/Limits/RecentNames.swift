internal import Events

/// Rooms that an address paid for lately: they are not new, whether or not the hub holds them.
///
/// A hub that keeps no history forgets a room after each message. A node that uses Redis doesn't hold a room that
/// only others listen to. Without this table, each message to such a room would create it again.
///
/// There are two generations, as in `RateTable`. A name is kept for one to two periods, or for less when many come.
struct RecentNames {
  /// Names of a generation, as hashes of 8 B. With the free places of their sets, both have 256 KiB: computed, not
  /// measured.
  static var maximumCount: Int { 1 << 13 }

  private let period: Duration
  private let maximumCount: Int
  // Hashes alone: names of topics may be long. The seed is random, so that nobody finds two names with one hash.
  private var young: Set<Int> = []
  private var old: Set<Int> = []
  /// When the older generation became it.
  private var turned: ContinuousClock.Instant

  init(
    period: Duration, maximumCount: Int = Self.maximumCount, now: ContinuousClock.Instant
  ) {
    self.period = period
    self.maximumCount = maximumCount
    turned = now
  }

  /// Names that are kept.
  var count: Int { young.count + old.count }

  func contains(_ name: RoomName) -> Bool {
    let hash = name.hashValue
    return young.contains(hash) || old.contains(hash)
  }

  /// Takes in a name that is not there.
  mutating func insert(_ name: RoomName, now: ContinuousClock.Instant) {
    expire(now: now)
    young.insert(name.hashValue)
    if young.count >= maximumCount { turn(now: now) }
  }

  /// Forgets what is old; to be called now and then.
  mutating func expire(now: ContinuousClock.Instant) {
    if now - turned >= period { turn(now: now) }
  }

  private mutating func turn(now: ContinuousClock.Instant) {
    old = young
    young = []
    turned = now
  }
}
