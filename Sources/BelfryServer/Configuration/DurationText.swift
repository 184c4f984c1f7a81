/// A duration as settings write it: `500ms`, `15s`, `1.5m`, `1h`, `31d`, `0`.
package struct DurationText: Hashable, Sendable, CustomStringConvertible {
  /// The longest that is accepted: a hundred years, which no sum of settings makes overflow.
  package static let maximum = Duration.seconds(36_500 * 24 * 60 * 60)

  /// From the largest down, in attoseconds, 10⁻¹⁸ s.
  private static let units: [(name: String, attoseconds: Int128)] = [
    ("d", 86_400_000_000_000_000_000_000), ("h", 3_600_000_000_000_000_000_000),
    ("m", 60_000_000_000_000_000_000), ("s", 1_000_000_000_000_000_000),
    ("ms", 1_000_000_000_000_000),
  ]

  /// The duration itself, never negative.
  package let duration: Duration

  /// A duration to be written; traps on a negative one.
  package init(_ duration: Duration) {
    precondition(duration >= .zero)
    self.duration = duration
  }

  /// Reads a whole or decimal number and its unit, `ms`, `s`, `m`, `h` or `d`; only `0` may go
  /// without.
  ///
  /// Throws for anything else and for more than `maximum`.
  package init(parsing text: String) throws(SettingTextError) {
    guard let (number, unit) = DecimalNumber.parse(text) else { throw Self.error(text) }
    if unit.isEmpty, number.isZero {
      self.init(.zero)
      return
    }
    guard
      let size = Self.units.first(where: { $0.name == unit })?.attoseconds,
      let attoseconds = number.multiplied(by: size),
      attoseconds <= Self.maximum.attoseconds
    else { throw Self.error(text) }
    self.init(Duration(attoseconds: attoseconds))
  }

  /// The duration in the largest unit that divides it, and in decimal milliseconds where none does.
  package var description: String {
    let attoseconds = duration.attoseconds
    guard attoseconds != 0 else { return "0" }
    for unit in Self.units where attoseconds % unit.attoseconds == 0 {
      return "\(attoseconds / unit.attoseconds)\(unit.name)"
    }
    let (whole, rest) = attoseconds.quotientAndRemainder(dividingBy: 1_000_000_000_000_000)
    var fraction = String(rest)
    fraction = String(repeating: "0", count: 15 - fraction.utf8.count) + fraction
    while fraction.hasSuffix("0") { fraction.removeLast() }
    return "\(whole).\(fraction)ms"
  }

  private static func error(_ text: String) -> SettingTextError {
    SettingTextError(
      text: text,
      accepted:
        "a duration such as 500ms, 15s, 1.5m, 1h, 31d or 0, at most \(DurationText(maximum))")
  }
}
