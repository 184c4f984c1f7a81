package import Limits
internal import TextCoding

/// A rate as settings write it: `5/s`, `20/m`, `100/10m`; `0` is none.
package struct RateText: Hashable, Sendable, CustomStringConvertible {
  /// nil: no rate is kept.
  package let rate: Rate?

  /// A rate to be written.
  package init(_ rate: Rate?) { self.rate = rate }

  /// Reads a whole number and, behind a `/`, a duration, whose number may be left out when it is 1.
  package init(parsing text: String) throws(SettingTextError) {
    if text == "0" {
      self.init(nil)
      return
    }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let count = Int(parts[0]), parts[0].utf8.allSatisfy(\.isDigit),
      1...Rate.maximumCount ~= count
    else { throw Self.error(text) }
    let isUnit = parts[1].utf8.first.map { !$0.isDigit } ?? false
    guard let period = try? DurationText(parsing: isUnit ? "1\(parts[1])" : String(parts[1])),
      .milliseconds(1)...Rate.maximumPeriod ~= period.duration
    else { throw Self.error(text) }
    self.init(Rate(count, per: period.duration))
  }

  package var description: String {
    guard let rate else { return "0" }
    let period = DurationText(rate.period).description
    let isOne = period.first == "1" && period.utf8.dropFirst().first?.isDigit == false
    return "\(rate.count)/\(isOne && !period.contains(".") ? period.dropFirst() : period[...])"
  }

  private static func error(_ text: String) -> SettingTextError {
    SettingTextError(
      text: text,
      accepted: "a rate such as 5/s, 20/m, 100/10m or 0, of at most \(Rate.maximumCount) in 1h")
  }
}
