/// A moment of the wall clock, in UTC.
package struct EventTime: Hashable, Sendable, Comparable {
  /// Since 1970, without leap seconds.
  package let milliseconds: UInt64

  /// Milliseconds since 1970, without leap seconds.
  package init(milliseconds: UInt64) { self.milliseconds = milliseconds }

  /// The order of time.
  package static func < (left: EventTime, right: EventTime) -> Bool {
    left.milliseconds < right.milliseconds
  }

  /// Whole seconds since 1970.
  package var seconds: Int64 { Int64(milliseconds / 1000) }
}

extension EventTime {
  /// As RFC 3339 has it, with milliseconds: `2026-11-30T23:05:07.042Z`. Beyond the year 9999 it is that year's
  /// last moment.
  package var text: String {
    let last: UInt64 = 253_402_300_799_999
    let milliseconds = min(milliseconds, last)
    let day = Self.civil(daysSince1970: milliseconds / 86_400_000)
    let second = milliseconds / 1000 % 86_400
    func padded(_ number: UInt64, _ width: Int) -> String {
      let text = String(number)
      return String(repeating: "0", count: max(0, width - text.count)) + text
    }
    return "\(padded(day.year, 4))-\(padded(day.month, 2))-\(padded(day.day, 2))T"
      + "\(padded(second / 3600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))."
      + "\(padded(milliseconds % 1000, 3))Z"
  }

  /// The day of the Gregorian calendar. Years begin in March here, so that a leap day is the last.
  private static func civil(daysSince1970 days: UInt64) -> (
    year: UInt64, month: UInt64, day: UInt64
  ) {
    // Days since 1 March of the year 0, in eras of 400 years.
    let shifted = days + 719_468
    let (era, dayOfEra) = shifted.quotientAndRemainder(dividingBy: 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let march = (5 * dayOfYear + 2) / 153
    let month = march < 10 ? march + 3 : march - 9
    return (
      yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * march + 2) / 5 + 1
    )
  }
}
