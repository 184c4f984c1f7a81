import Testing
import TextCoding

@Suite struct JSONWriterTests {
  @Test func `members follow each other, whatever their values`() {
    var json = JSONWriter()
    json.object { json in
      json.member("text", "a")
      json.member("none", nil as String?)
      json.member("number", 7)
      json.member("share", 0.5)
      json.member("unknown", nil as Double?)
      json.member("up", true)
      json.member("names", ["a", "b"])
      json.member("empty", [])
      json.member("inner") { json in
        json.member("down", false)
        json.member("lost", nil as Int?)
      }
      json.member("nothing") { _ in }
      json.member("last", -1)
    }
    #expect(
      json.text == #"{"text":"a","none":null,"number":7,"share":0.5,"unknown":null,"up":true,"#
        + #""names":["a","b"],"empty":[],"inner":{"down":false,"lost":null},"nothing":{},"#
        + #""last":-1}"#)
  }

  private func string(_ text: String, upTo limit: Int = .max) -> String {
    var bytes: [UInt8] = []
    JSONWriter.append(text, to: &bytes, upTo: limit)
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func `quotes, backslashes and control characters are escaped, and nothing else`() {
    #expect(string("") == #""""#)
    #expect(string("a\"b\\c/ä字\u{1F600}") == "\"a\\\"b\\\\c/ä字\u{1F600}\"")
    #expect(string("\u{0}\n\u{1F}\u{7F}") == #""\u0000\u000A\u001F\u007F""#)
    // A quote with an accent behind it is a quote all the same.
    #expect(string("\"\u{301}") == "\"\\\"\u{301}\"")
  }

  @Test func `a string that is too long is cut between characters, and shows it`() {
    #expect(string("abcdefgh", upTo: 8) == #""abcde...""#)
    #expect(string("abcdä", upTo: 8) == #""abcd...""#)
    #expect(string("abcä", upTo: 8) == #""abcä""#)
    #expect(string(#"abcd""#, upTo: 8) == #""abcd...""#)
    #expect(string("\n", upTo: 8) == #""...""#)
    #expect(string("\n", upTo: 9) == #""\u000A""#)
    #expect(string("\u{1F600}\u{1F600}", upTo: 9) == "\"\u{1F600}...\"")
  }
}
