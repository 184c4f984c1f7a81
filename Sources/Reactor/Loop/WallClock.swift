internal import CReactor
internal import Glibc

/// The time of day, for people and cookies; time that is measured comes from `ContinuousClock`.
package enum WallClock {
  /// Reads the time zone's file once, so that no later call does; to be called before the loop runs.
  package static func prepare() { tzset() }

  /// Whole seconds since 1970-01-01 00:00 UTC.
  package static var seconds: Int64 { Int64(time(nil)) }

  /// Seconds since then, with the part of the present one that is over.
  package static var preciseSeconds: Double {
    var now = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
  }

  /// Whole milliseconds since then.
  package static var milliseconds: UInt64 {
    var now = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &now)
    return UInt64(max(0, now.tv_sec)) * 1000 + UInt64(now.tv_nsec) / 1_000_000
  }

  /// Hour, minute and second here, in the server's time zone, so many seconds after 1970-01-01 00:00 UTC.
  package static func localTime(at seconds: Int64) -> (hour: Int, minute: Int, second: Int) {
    var now = time_t(seconds)
    var parts = unsafe tm()
    unsafe localtime_r(&now, &parts)
    return unsafe (Int(parts.tm_hour), Int(parts.tm_min), Int(parts.tm_sec))
  }

  /// The present time as an IMF-fixdate (RFC 9110, section 5.6.7).
  package static var httpDate: String {
    let now = unsafe universalTime
    let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    let day = unsafe "\(days[Int(now.tm_wday)]), \(two(now.tm_mday))"
    let month = unsafe "\(months[Int(now.tm_mon)]) \(1900 + now.tm_year)"
    return unsafe "\(day) \(month) \(two(now.tm_hour)):\(two(now.tm_min)):\(two(now.tm_sec)) GMT"
  }

  /// The present time as a log shows it (RFC 3339): `2026-11-23T20:00:00Z`.
  package static var timestamp: String {
    let now = unsafe universalTime
    let date = unsafe "\(1900 + now.tm_year)-\(two(now.tm_mon + 1))-\(two(now.tm_mday))"
    return unsafe "\(date)T\(two(now.tm_hour)):\(two(now.tm_min)):\(two(now.tm_sec))Z"
  }

  /// The present time here as access logs have it: `27/Nov/2026:08:45:24 +0000`.
  package static var localLogTime: String {
    var now = time(nil)
    var parts = unsafe tm()
    unsafe localtime_r(&now, &parts)
    let day = unsafe "\(two(parts.tm_mday))/\(months[Int(parts.tm_mon)])/\(1900 + parts.tm_year)"
    let time = unsafe "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
    let minutes = unsafe Int32(abs(parts.tm_gmtoff) / 60)
    let sign = unsafe parts.tm_gmtoff < 0 ? "-" : "+"
    return "\(day):\(time) \(sign)\(two(minutes / 60))\(two(minutes % 60))"
  }

  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  private static var universalTime: tm {
    var now = time(nil)
    var parts = unsafe tm()
    unsafe gmtime_r(&now, &parts)
    return unsafe parts
  }

  private static func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
