import Testing
import TextCoding

@Suite struct TrimmingTests {
  @Test(arguments: [
    ("a", "a"), (" a ", "a"), ("\t\n\r\u{B}\u{85}\u{A0}\u{2028}\u{3000}a b\u{3000}", "a b"),
    ("", ""),
    (" ", ""), ("\u{3000}\r\n", ""), ("\u{200B}a", "\u{200B}a"),
    // The accent stays.
    (" \u{301}a", "\u{301}a"),
  ])
  func `white space around a text is left out`(text: String, trimmed: String) {
    #expect(Array(text.trimmingWhiteSpace.unicodeScalars) == Array(trimmed.unicodeScalars))
  }
}
