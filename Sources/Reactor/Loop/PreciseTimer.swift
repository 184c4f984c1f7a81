internal import CReactor
internal import Glibc

/// Fires once at a moment of the monotonic clock, to some ten microseconds; libevent's own timers
/// round up to a millisecond.
package final class PreciseTimer {
  private let descriptor: Int32
  private var watch: LoopEvent?

  package init(on loop: EventLoop, onFire: @escaping () -> Void) throws(ReactorError) {
    descriptor = timerfd_create(
      CLOCK_MONOTONIC, Int32(TFD_CLOEXEC | TFD_NONBLOCK))
    guard descriptor >= 0 else { throw .fromErrno("timerfd_create", "creating a timer") }
    let descriptor = descriptor
    watch = try LoopEvent(on: loop, readable: descriptor) {
      var count: UInt64 = 0
      guard unsafe read(descriptor, &count, MemoryLayout<UInt64>.size) > 0 else { return }
      onFire()
    }
  }

  deinit {
    watch = nil
    close(descriptor)
  }

  /// Has it fire at `moment`, at once if that has passed, and no more at the one set before.
  ///
  /// - Parameter moment: nanoseconds of `MonotonicClock`.
  package func set(at moment: UInt64) {
    var when = itimerspec()
    // Zero would switch the timer off.
    let moment = max(1, moment)
    when.it_value = timespec(
      tv_sec: Int(moment / 1_000_000_000), tv_nsec: Int(moment % 1_000_000_000))
    unsafe timerfd_settime(descriptor, Int32(TFD_TIMER_ABSTIME), &when, nil)
  }
}
