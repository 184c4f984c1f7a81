/// A number of bytes as settings write it: `512`, `512B`, `64KiB`, `1.5MiB`, `2GiB`.
///
/// `KB`, `MB` and `GB` are refused, since half their readers take them for 1,000s.
package struct ByteCountText: Hashable, Sendable, CustomStringConvertible {
  /// From the largest down, in bytes.
  private static let units: [(name: String, bytes: Int)] = [
    ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1),
  ]

  /// The number of bytes, never negative.
  package let bytes: Int

  /// A number to be written; traps on a negative one.
  package init(_ bytes: Int) {
    precondition(bytes >= 0)
    self.bytes = bytes
  }

  /// Reads a whole or decimal number and its unit, `B`, `KiB`, `MiB` or `GiB`, or none for bytes.
  ///
  /// Throws for anything else, for a fraction of a byte, and for more than `Int.max`.
  package init(parsing text: String) throws(SettingTextError) {
    guard
      let (number, unit) = DecimalNumber.parse(text),
      let size = Self.units.first(where: { $0.name == (unit.isEmpty ? "B" : unit) })?.bytes,
      let product = number.multiplied(by: Int128(size)),
      let bytes = Int(exactly: product)
    else {
      throw SettingTextError(
        text: text, accepted: "a number of bytes such as 512, 512B, 64KiB, 1.5MiB or 2GiB")
    }
    self.init(bytes)
  }

  /// The number in the largest unit that divides it, bytes without one.
  package var description: String {
    for unit in Self.units.dropLast() where bytes > 0 && bytes % unit.bytes == 0 {
      return "\(bytes / unit.bytes)\(unit.name)"
    }
    return "\(bytes)"
  }
}
