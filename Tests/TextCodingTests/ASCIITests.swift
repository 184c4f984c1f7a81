import Testing
import TextCoding

@Suite struct ASCIITests {
  private static let digits = "0123456789"
  private static let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

  /// The bytes of which `isIn` is true, as text.
  private func all(_ isIn: (UInt8) -> Bool) -> String {
    String(decoding: (UInt8.min...UInt8.max).filter(isIn), as: UTF8.self)
  }

  @Test func `each set has the bytes that its specification names`() {
    #expect(all(\.isDigit) == Self.digits)
    #expect(all(\.isLetter) == Self.letters)
    #expect(all(\.isLowercaseLetter) == Self.letters.suffix(26))
    #expect(all(\.isAlphanumeric) == Self.digits + Self.letters)
    #expect(all(\.isBlank) == "\t ")
    #expect(all(\.isVisible).utf8.count == 94 && all(\.isVisible).first == "!")
    let tokens = Set((Self.digits + Self.letters + "!#$%&'*+-.^_`|~").utf8)
    #expect(Set(all(\.isTokenCharacter).utf8) == tokens)
  }

  @Test func `only the case of ASCII letters is changed`() {
    for byte in UInt8.min...UInt8.max {
      let isUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8.contains(byte)
      #expect(byte.asciiLowercase == (isUpper ? byte + 32 : byte))
    }
    #expect("Host".equalsIgnoringASCIICase("hOST") && !"Host".equalsIgnoringASCIICase("Hos"))
    // The Kelvin sign, which Unicode folds to k; and [ and {, which differ by the same bit.
    #expect(!"K".equalsIgnoringASCIICase("\u{212A}") && !"[".equalsIgnoringASCIICase("{"))
  }

  @Test func `hexadecimal digits are read in both cases, and written in the upper one`() {
    for byte in UInt8.min...UInt8.max {
      let isDigit = "0123456789abcdefABCDEF".utf8.contains(byte)
      let text = String(decoding: [byte], as: UTF8.self)
      #expect(byte.hexadecimalValue == (isDigit ? UInt8(text, radix: 16) : nil))
      let digits = String(byte, radix: 16, uppercase: true)
      let padded = Array((digits.utf8.count < 2 ? "0" + digits : digits).utf8)
      #expect(byte.hexadecimalDigits == (padded[0], padded[1]))
    }
  }

  @Test func `blanks are spaces and tabs, and are bytes`() {
    func trimmed(_ text: String) -> String { "\(Substring(text[...].utf8.trimmingBlanks))" }
    #expect(trimmed(" \ta b\t ") == "a b" && trimmed(" ") == "" && trimmed("") == "")
    #expect(trimmed(" \u{301}") == "\u{301}" && trimmed("\na ") == "\na")
  }
}
