import Chat
import Testing

@Suite struct UserNameTests {
  @Test(arguments: [
    ("ann", "ann"), ("  ann ", "ann"), ("\u{3000}小明\u{A0}", "小明"), ("a b", "a b"),
    ("👩‍👩‍👧", "👩‍👩‍👧"), ("a\u{200B}b", "a\u{200B}b"), ("<b>", "<b>"),
    ("ليلى", "ليلى"), ("0", "0"), ("❤\u{FE0F}", "❤\u{FE0F}"),
  ])
  func `a name is taken without the white space around it`(raw: String, text: String) throws {
    let name = try UserName(raw)
    #expect(Array(name.text.utf8) == Array(text.utf8))
    #expect("\(name)" == text)
  }

  @Test(arguments: ["ann\n", "\tann", "\u{2028}ann", "ann\u{85}"])
  func `a control character is refused in the white space around a name too`(raw: String) {
    #expect(throws: UserNameError.forbiddenCharacter) { try UserName(raw) }
  }

  @Test(arguments: [
    "", " ", "\n", "\t \r\n", "\u{3000}", "\u{A0}\u{2003}", "\u{2028}", "\u{85}", "\u{200B}",
    "\u{FEFF}", "\u{2060}", "\u{200D}\u{200C}", "\u{FE0F}\u{FE0E}", "\u{E0100}", "\u{3164}",
    "\u{115F}\u{1160}", "\u{AD}", "\u{2800}", " \u{200B} \u{200B} ", "\u{FFF9}", "\u{E0041}",
  ])
  func `a name that cannot be seen is missing`(raw: String) {
    #expect(throws: UserNameError.missing) { try UserName(raw) }
  }

  @Test(arguments: [
    "a\u{0}", "\u{0}", "a\nb", "a\rb", "a\tb", "a\u{1B}[31m", "a\u{7F}", "a\u{80}b", "a\u{9F}b",
    "a\u{85}b", "a\u{2028}b", "a\u{2029}b", "\u{61C}a", "\u{200E}a", "\u{200F}a", "\u{202A}a",
    "\u{202B}a", "\u{202C}a", "\u{202D}a", "a\u{202E}b", "\u{2066}a", "\u{2067}a", "\u{2068}a",
    "\u{2069}a", "\u{202E}",
  ])
  func `a name that would change the lines around it is refused`(raw: String) {
    #expect(throws: UserNameError.forbiddenCharacter) { try UserName(raw) }
  }

  @Test func `sixty-four characters are the most`() throws {
    #expect(try UserName(String(repeating: "x", count: 64)).text.count == 64)
    #expect(try UserName(String(repeating: "聊", count: 64)).text.count == 64)
    #expect(throws: UserNameError.tooLong) { try UserName(String(repeating: "x", count: 65)) }
    #expect(throws: UserNameError.tooLong) { try UserName(String(repeating: "聊", count: 65)) }
  }

  @Test func `two hundred and fifty-six bytes are the most`() throws {
    #expect(try UserName(String(repeating: "😀", count: 64)).text.utf8.count == 256)
    // One character to a reader, and 257 bytes.
    let pile = "a" + String(repeating: "\u{301}", count: 128)
    #expect(pile.count == 1)
    #expect(throws: UserNameError.tooLong) { try UserName(pile) }
    #expect(throws: UserNameError.tooLong) { try UserName(String(repeating: "x", count: 1 << 20)) }
  }

  @Test func `white space around a name does not count`() throws {
    let spaces = String(repeating: " ", count: 500)
    #expect(try UserName(spaces + "ann" + spaces).text == "ann")
  }
}
