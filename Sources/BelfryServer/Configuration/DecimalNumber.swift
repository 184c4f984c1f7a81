internal import TextCoding

/// A number of a setting, `15` or `1.5`: exact, never negative, never rounded.
struct DecimalNumber {
  /// The most digits before and behind the point; the fraction reaches an attosecond of a
  /// millisecond, and the whole is more than any bound set on it.
  private static let maximumDigits = 15

  private let digits: Int128
  /// How many of the digits stand behind the point.
  private let scale: Int

  /// Splits `text` behind its number; fails unless it begins with digits, which a point and more
  /// digits may follow.
  static func parse(_ text: String) -> (number: DecimalNumber, unit: String)? {
    let utf8 = text.utf8
    let whole = utf8.prefix(while: \.isDigit)
    var rest = utf8[whole.endIndex...]
    var fraction = rest.prefix(0)
    if rest.first == UInt8(ascii: ".") {
      fraction = rest.dropFirst().prefix(while: \.isDigit)
      guard !fraction.isEmpty else { return nil }
      rest = rest[fraction.endIndex...]
    }
    guard 1...maximumDigits ~= whole.count, fraction.count <= maximumDigits else { return nil }
    let digits = (Array(whole) + Array(fraction)).reduce(into: Int128(0)) { sum, digit in
      sum = sum * 10 + Int128(digit - UInt8(ascii: "0"))
    }
    return (DecimalNumber(digits: digits, scale: fraction.count), "\(Substring(rest))")
  }

  /// Whether the number is nought.
  var isZero: Bool { digits == 0 }

  /// The number times `unit`; nil when that is no whole number or too large.
  func multiplied(by unit: Int128) -> Int128? {
    let (product, overflowed) = digits.multipliedReportingOverflow(by: unit)
    guard !overflowed else { return nil }
    let power = (0..<scale).reduce(Int128(1)) { power, _ in power * 10 }
    let (quotient, remainder) = product.quotientAndRemainder(dividingBy: power)
    return remainder == 0 ? quotient : nil
  }
}
