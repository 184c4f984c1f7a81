/// When which stream is due for a comment.
///
/// Time passes in ticks. Each slot has two of them in an interval, half an interval apart, and the
/// slots are spread over them evenly; a stream is sent a comment in its tick when it was silent for
/// longer than half the interval. So no stream is ever silent for longer than the interval, a silent
/// one is sent one comment an interval, and those that a broadcast wrote to at the same moment are
/// spread over half the interval.
struct HeartbeatSchedule {
  /// The length of a tick.
  let tick: Duration
  /// Ticks in half an interval; nil when no comments are sent.
  let period: UInt32?

  /// - Parameter interval: zero sends no comments.
  init(interval: Duration) {
    guard interval > .zero else {
      tick = .milliseconds(100)
      period = nil
      return
    }
    tick = min(max(interval / 128, .milliseconds(10)), .milliseconds(100))
    period = max(1, UInt32(interval / 2 / tick))
  }

  /// Whether a stream that was last written to in `lastWrite` is due when its tick comes.
  func isDue(lastWrite: UInt32, at tick: UInt32) -> Bool {
    guard let period else { return false }
    return tick &- lastWrite > period
  }

  /// The slots whose tick this is.
  func slots(at tick: UInt32, of count: Int) -> StrideTo<UInt32> {
    guard let period else { return stride(from: 0, to: 0, by: 1) }
    return stride(from: tick % period, to: UInt32(count), by: Int(period))
  }
}
