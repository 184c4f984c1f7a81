internal import CReactor
internal import Glibc

/// CLOCK_MONOTONIC, the one clock that all processes of a machine share: what one of them stamped
/// another may subtract.
package enum MonotonicClock {
  /// Nanoseconds since some time before the machine's start.
  package static var nanoseconds: UInt64 { read(CLOCK_MONOTONIC) }

  /// Nanoseconds of processor time that the calling thread has used, user and system.
  package static var threadProcessorTime: UInt64 { read(CLOCK_THREAD_CPUTIME_ID) }

  /// The same of all threads of this process.
  package static var processProcessorTime: UInt64 { read(CLOCK_PROCESS_CPUTIME_ID) }

  /// Nanoseconds since the machine's start, those included in which it slept.
  static var sinceBoot: UInt64 { read(CLOCK_BOOTTIME) }

  private static func read(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    // Can only fail for a clock that does not exist, and both always do.
    unsafe clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
