internal import Hub
internal import Reactor

/// How late the loop comes to what happens, whenever that is.
///
/// What comes while the loop waits is looked at once; what comes in a turn waits for its end. So the lag is
/// not the length of turns, nor what a few ticks of a timer meet by chance: imagine something that comes each
/// millisecond, and take for each how long it waited. A stall of a second is a thousand that waited up to
/// that long, and a share of them is a share of time.
final class LoopLag {
  typealias Instant = ContinuousClock.Instant

  /// Between two that come, in nanoseconds.
  private static let step: Int64 = 1_000_000
  /// A timer is no later than this by itself: libevent goes by the kernel's coarse clock, whose ticks are
  /// 10 ms apart at most (CONFIG_HZ), and epoll_wait(2) rounds up to a millisecond.
  private static let granularity = Duration.milliseconds(12)

  private(set) var histogram = DurationHistogram()
  private let start: Instant
  /// When the next one comes, in nanoseconds after `start`.
  private var next: Int64 = 0
  /// When the last turn ended, and whether it left work, so that nothing was waited for.
  private var last: (end: Instant, hadMore: Bool)
  private var longest = Duration.zero
  private let tickInterval: Duration
  /// When the timer is due, as far as can be told from when it fired; nil until it has.
  private var tickDue: Instant?
  /// The loop's thread should have run from then on, and was not let.
  private var stalledSince: Instant?

  /// - Parameter tickInterval: between two calls of `tick`, were the loop never late.
  init(tickInterval: Duration, now: Instant) {
    start = now
    last = (now, false)
    self.tickInterval = tickInterval
  }

  /// A timer of the loop has fired: a machine that has no time for the loop is found out by that.
  func tick(now: Instant) {
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
  func endTurn(began: Instant?, hasMore: Bool, now: Instant) {
    var busySince = last.hadMore ? last.end : began ?? now
    if let stalledSince { busySince = max(last.end, min(busySince, stalledSince)) }
    stalledSince = nil
    last = (now, hasMore)
    longest = max(longest, now - busySince)
    let busy = nanoseconds(busySince)
    if next < busy {
      let count = (busy - next - 1) / Self.step + 1
      histogram.observe(.zero, times: Int(count))
      next += count * Self.step
    }
    let end = nanoseconds(now)
    if next < end {
      let count = (end - next - 1) / Self.step + 1
      next += count * Self.step
      // The last of them came so long before the end, and each other one a step earlier.
      histogram.observe(
        from: .nanoseconds(end - next + Self.step), by: .nanoseconds(Self.step), times: Int(count))
    }
  }

  private func nanoseconds(_ instant: Instant) -> Int64 {
    let (seconds, attoseconds) = (instant - start).components
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }

  /// The longest turn since it was last asked.
  func takeLongest() -> Duration {
    defer { longest = .zero }
    return longest
  }
}
