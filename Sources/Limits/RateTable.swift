/// A token bucket for each key.
///
/// A bucket that nobody has touched for the rate's period is full, and a full one need not be kept. So
/// there are two generations: a bucket that is touched goes into the younger one, and when a period has
/// passed the older one, in which all are full by then, is dropped as a whole.
struct RateTable<Key: Hashable> {
  /// Keys of a generation: when more come within a period, those untouched for longest are forgotten
  /// early. Some 4 MB of addresses.
  static var maximumKeys: Int { 1 << 16 }

  let rate: Rate
  private var young: [Key: TokenBucket] = [:]
  private var old: [Key: TokenBucket] = [:]
  /// When the older generation became it.
  private var turned: ContinuousClock.Instant
  private let maximumKeys: Int

  init(_ rate: Rate, maximumKeys: Int = Self.maximumKeys, now: ContinuousClock.Instant) {
    self.rate = rate
    self.maximumKeys = maximumKeys
    turned = now
  }

  /// Buckets that are kept.
  var count: Int { young.count + old.count }

  /// How long `key` has to wait for tokens, at most the rate's count; nil: it need not.
  func wait(for key: Key, tokens: Int = 1, now: ContinuousClock.Instant) -> Duration? {
    (young[key] ?? old[key])?.wait(rate, tokens: tokens, now: now)
  }

  /// Takes tokens of `key`, which it need not wait for.
  mutating func take(_ key: Key, tokens: Int = 1, now: ContinuousClock.Instant) {
    expire(now: now)
    var bucket = young[key] ?? old.removeValue(forKey: key) ?? TokenBucket(now: now)
    bucket.take(rate, tokens: tokens, now: now)
    young[key] = bucket
    if young.count >= maximumKeys { turn(now: now) }
  }

  /// Forgets buckets that are full; to be called now and then.
  mutating func expire(now: ContinuousClock.Instant) {
    if now - turned >= rate.period { turn(now: now) }
  }

  private mutating func turn(now: ContinuousClock.Instant) {
    old = young
    young = [:]
    turned = now
  }
}
