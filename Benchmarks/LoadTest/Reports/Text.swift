/// Numbers as people read them.
package enum Text {
  /// Digits grouped by thousands: `1,234,567`.
  package static func grouped(_ number: Int) -> String {
    var text = ""
    for (place, digit) in String(number.magnitude).reversed().enumerated() {
      if place > 0, place % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return (number < 0 ? "-" : "") + String(text.reversed())
  }

  /// Rounded to so many decimals, grouped.
  package static func fixed(_ number: Double, _ decimals: Int) -> String {
    guard number.isFinite, number.magnitude < 1e15 else { return "–" }
    var unit = 1
    for _ in 0..<decimals { unit *= 10 }
    let scaled = Int((number.magnitude * Double(unit)).rounded())
    let sign = number < 0 && scaled != 0 ? "-" : ""
    guard decimals > 0 else { return sign + grouped(scaled) }
    let fraction = String(scaled % unit)
    let zeros = String(repeating: "0", count: decimals - fraction.count)
    return "\(sign)\(grouped(scaled / unit)).\(zeros)\(fraction)"
  }

  /// With three digits that count: `0.0123`, `1.23`, `12.3`, `123`, `1,234`.
  package static func number(_ number: Double) -> String {
    let size = number.magnitude
    if size == 0 || size == size.rounded() && size < 1e9 { return fixed(number, 0) }
    return fixed(number, size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.1 ? 3 : 4)
  }

  /// `1h 02m`, `2m 05s`, `12s`.
  package static func time(_ seconds: Double) -> String {
    let seconds = Int(max(0, seconds).rounded())
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    if seconds >= 3600 { return "\(seconds / 3600)h \(two(seconds / 60 % 60))m" }
    if seconds >= 60 { return "\(seconds / 60)m \(two(seconds % 60))s" }
    return "\(seconds)s"
  }

  /// Bytes: `512 B`, `1.5 KiB`, `64 MiB`.
  package static func bytes(_ count: Double) -> String {
    var count = count
    for unit in ["B", "KiB", "MiB", "GiB"] {
      if count.magnitude < 1024 || unit == "GiB" { return "\(number(count)) \(unit)" }
      count /= 1024
    }
    return ""
  }

  /// Filled with blanks on its right.
  static func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}
