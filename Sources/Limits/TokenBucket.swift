/// A token bucket: holds as many tokens as its rate's count, is full at first, and gets one back each
/// interval.
///
/// Only the moment is stored at which it will be full, which tells how many tokens are missing (the
/// generic cell rate algorithm of ITU-T I.371 counts the same way).
struct TokenBucket: Equatable {
  /// From then on it is full.
  private(set) var full: ContinuousClock.Instant

  /// A full one.
  init(now: ContinuousClock.Instant) { full = now }

  /// How long it takes until there are as many tokens as wanted; nil: there are.
  ///
  /// - Parameter tokens: at most the rate's count.
  func wait(_ rate: Rate, tokens: Int = 1, now: ContinuousClock.Instant) -> Duration? {
    let missing = max(full, now) - now
    // Whole intervals, so that what division cuts off the interval is cut off here too.
    let most = rate.interval * (rate.count - tokens)
    return missing > most ? missing - most : nil
  }

  /// Takes tokens, which there are.
  mutating func take(_ rate: Rate, tokens: Int = 1, now: ContinuousClock.Instant) {
    full = max(full, now) + rate.interval * tokens
  }
}
