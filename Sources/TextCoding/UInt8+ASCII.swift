// What a byte is in ASCII. Each is inlined where it is used: parsers ask for every byte of a request.

extension UInt8 {
  /// `0-9`.
  @inlinable package var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }

  /// `A-Z` and `a-z`.
  @inlinable package var isLetter: Bool {
    asciiLowercase >= UInt8(ascii: "a") && asciiLowercase <= UInt8(ascii: "z")
  }

  /// `a-z`.
  @inlinable package var isLowercaseLetter: Bool {
    self >= UInt8(ascii: "a") && self <= UInt8(ascii: "z")
  }

  /// A letter or a digit.
  @inlinable package var isAlphanumeric: Bool { isDigit || isLetter }

  /// A space or a tab: `OWS` consists of these (RFC 9110, section 5.6.3).
  @inlinable package var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }

  /// `VCHAR`, a visible character: no space, no control character (RFC 5234, appendix B.1).
  @inlinable package var isVisible: Bool { self > 0x20 && self < 0x7F }

  /// `tchar` (RFC 9110, section 5.6.2): digits, letters and ``!#$%&'*+-.^_`|~``. One bit for each of
  /// 0...63 and of 64...127.
  @inlinable package var isTokenCharacter: Bool {
    let low: UInt64 = 0x03FF_6CFA_0000_0000
    let high: UInt64 = 0x57FF_FFFF_C7FF_FFFE
    return self < 64 ? low >> self & 1 == 1 : self < 128 && high >> (self & 63) & 1 == 1
  }

  /// This byte, in lower case if it is one of `A-Z`.
  @inlinable package var asciiLowercase: UInt8 {
    self >= UInt8(ascii: "A") && self <= UInt8(ascii: "Z") ? self | 0x20 : self
  }

  /// What a hexadecimal digit of either case stands for; nil for any other byte.
  @inlinable package var hexadecimalValue: UInt8? {
    if isDigit { return self - UInt8(ascii: "0") }
    let letter = asciiLowercase
    guard letter >= UInt8(ascii: "a"), letter <= UInt8(ascii: "f") else { return nil }
    return letter - UInt8(ascii: "a") + 10
  }

  /// The two hexadecimal digits of this byte, in upper case.
  @inlinable package var hexadecimalDigits: (high: UInt8, low: UInt8) {
    func digit(_ value: UInt8) -> UInt8 {
      value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }
    return (digit(self >> 4), digit(self & 15))
  }
}
