internal import TextCoding

extension FormFields {
  /// Reads `application/x-www-form-urlencoded`, or a query without its question mark (WHATWG URL,
  /// 5.1).
  ///
  /// As there, `+` is a space, a `%` without two hexadecimal digits stands for itself, and a piece
  /// without `=` is a name with an empty value; unlike there, what is not UTF-8 is an error and
  /// not repaired. Throws that, and too many fields.
  package init(urlEncoded bytes: some Sequence<UInt8>) throws(FormError) {
    self.init()
    let bytes = Array(bytes)
    // Piece by piece and not split at once, so that a flood of them ends at the limit.
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = rest.prefix { $0 != UInt8(ascii: "&") }
      rest = rest[piece.endIndex...].dropFirst()
      guard !piece.isEmpty else { continue }
      let equals = piece.firstIndex(of: UInt8(ascii: "="))
      let name = piece[..<(equals ?? piece.endIndex)]
      let value = equals.map { piece[($0 + 1)...] } ?? []
      try append(name: PercentCoding.decodeForm(name), value: PercentCoding.decodeForm(value))
    }
  }
}
