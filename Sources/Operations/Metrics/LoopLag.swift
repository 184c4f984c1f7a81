package import Hub

/// How late the loop comes to what happens, whenever that is.
///
/// What comes while the loop waits is looked at once; what comes in a turn waits for its end. So the lag is
/// not the length of turns, nor what a few ticks of a timer meet by chance: imagine something that comes each
/// millisecond, and take for each how long it waited. A stall of a second is a thousand that waited up to
/// that long, and a share of them is a share of time.
///
/// All moments are nanoseconds on `MonotonicClock`: there are some turns for each request, and a division of
/// 128 bits for each would be felt.
package final class LoopLag {
  /// Between two that come.
  private static let step: UInt64 = 1_000_000
  /// A timer is no later than this by itself: libevent goes by the kernel's coarse clock, whose ticks are
  /// 10 ms apart at most (CONFIG_HZ), and epoll_wait(2) rounds up to a millisecond.
  private static let granularity: UInt64 = 12_000_000

  /// How late it came, for each of those that came each millisecond.
  package private(set) var histogram = DurationHistogram()
  /// When the next one comes.
  private var next: UInt64
  /// When the last turn ended, and whether it left work, so that nothing was waited for.
  private var last: (end: UInt64, hadMore: Bool)
  private var longest: UInt64 = 0
  private let tickInterval: UInt64
  /// When the timer is due, as far as can be told from when it fired; nil until it has.
  private var tickDue: UInt64?
  /// The loop's thread should have run from then on, and was not let.
  private var stalledSince: UInt64?

  /// - Parameter tickInterval: between two calls of `tick`, were the loop never late.
  package init(tickInterval: Duration, now: UInt64) {
    next = now
    last = (now, false)
    self.tickInterval = UInt64(tickInterval / .nanoseconds(1))
  }

  /// A timer of the loop has fired: a machine that has no time for the loop is found out by that.
  package func tick(now: UInt64) {
    // It is never early: then it was late before.
    let due = min(tickDue ?? now, now)
    if now - due > Self.granularity { stalledSince = due }
    // As libevent does it: what was missed is not made up for.
    tickDue = due + tickInterval > now ? due + tickInterval : now + tickInterval
  }

  /// A turn has ended.
  ///
  /// - Parameters:
  ///   - began: when its first handler was called; nil: none was.
  ///   - hasMore: the next one begins at once.
  package func endTurn(began: UInt64?, hasMore: Bool, now: UInt64) {
    var busySince = last.hadMore ? last.end : began ?? now
    if let stalledSince { busySince = max(last.end, min(busySince, stalledSince)) }
    stalledSince = nil
    last = (now, hasMore)
    longest = max(longest, now - busySince)
    if next < busySince {
      let count = (busySince - next - 1) / Self.step + 1
      histogram.observe(.zero, times: Int(count))
      next += count * Self.step
    }
    if next < now {
      let count = (now - next - 1) / Self.step + 1
      next += count * Self.step
      // The last of them came so long before the end, and each other one a step earlier.
      histogram.observe(
        from: Int64(now + Self.step - next), by: Int64(Self.step), times: Int(count))
    }
  }

  /// The longest turn since it was last asked.
  package func takeLongest() -> Duration {
    defer { longest = 0 }
    return .nanoseconds(longest)
  }
}
