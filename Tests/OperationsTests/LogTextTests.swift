import Testing

@testable import Operations

@Suite struct LogTextTests {
  private func escaped(
    _ bytes: [UInt8], upTo limit: Int = 1000, quotesBlanks: Bool = false
  ) -> String {
    var text = LogText(reserving: 0)
    text.addEscaped(bytes, upTo: limit, quotesBlanks: quotesBlanks)
    return String(decoding: text.bytes, as: UTF8.self)
  }

  private func json(_ field: String?, upTo limit: Int = 1000) -> String {
    var text = LogText(reserving: 0)
    text.addJSON(field, upTo: limit)
    return String(decoding: text.bytes, as: UTF8.self)
  }

  @Test func `only plain ASCII stands for itself`() {
    for byte in UInt8.min...UInt8.max {
      let digits = String(byte, radix: 16, uppercase: true)
      let code = "\\x" + (digits.utf8.count < 2 ? "0" : "") + digits
      let isPlain = 0x20...0x7E ~= byte && byte != 0x22 && byte != 0x5C
      #expect(escaped([byte]) == (isPlain ? String(UnicodeScalar(byte)) : code))
    }
    #expect(escaped(Array("GET /ä\n".utf8)) == "GET /\\xC3\\xA4\\x0A")
    #expect(escaped(Array("a b".utf8), quotesBlanks: true) == "a\\x20b")
    #expect(escaped([]) == "-")
  }

  @Test func `a field that is too long is cut between characters, and shows it`() {
    #expect(escaped(Array("abcdefgh".utf8), upTo: 8) == "abcde...")
    #expect(escaped(Array("abc\n".utf8), upTo: 9) == "abc...")
    #expect(escaped(Array("ab\n".utf8), upTo: 9) == "ab\\x0A")
    #expect(json("abcdefgh", upTo: 8) == #""abcde...""#)
    #expect(json("abcdä", upTo: 8) == #""abcd...""#)
    #expect(json(#"abcd""#, upTo: 8) == #""abcd...""#)
  }

  @Test func `a string of JSON has what must be escaped escaped, and nothing else`() {
    #expect(json("a\"b\\c/ä\u{1F600}") == "\"a\\\"b\\\\c/ä\u{1F600}\"")
    #expect(json("\u{0}\n\u{1F}\u{7F}") == #""\u0000\u000A\u001F\u007F""#)
    #expect(json("") == #""""#)
    #expect(json(nil) == "null")
  }
}
