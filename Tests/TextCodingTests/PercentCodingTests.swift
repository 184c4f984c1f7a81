import Testing
import TextCoding

@Suite struct PercentCodingTests {
  private static func bytes(_ text: String) -> ArraySlice<UInt8> { Array(text.utf8)[...] }

  @Test(arguments: [
    ("", ""), ("a+b", "a+b"), ("%41%2f%2F", "A//"), ("%25%34%31", "%41"), ("%E5%AD%97", "字"),
  ])
  func `two hexadecimal digits behind a percent sign are a byte`(text: String, decoded: String) {
    #expect(PercentCoding.decode(Self.bytes(text)) == Array(decoded.utf8))
  }

  @Test(arguments: ["%", "%4", "%4g", "%g4", "%%41", "a%", "%+4", "% 4", "%-4"])
  func `anything else behind it is no text`(text: String) {
    #expect(PercentCoding.decode(Self.bytes(text)) == nil)
  }

  @Test func `a piece is read to its own end, and no further`() {
    let whole = Self.bytes("x%41")
    #expect(PercentCoding.decode(whole[..<3]) == nil)
    #expect(PercentCoding.decode(whole[1...]) == [0x41])
  }

  @Test(arguments: [
    ("a+b", "a b"), ("%2B%20", "+ "), ("100%", "100%"), ("%4", "%4"), ("%zz%41", "%zzA"),
  ])
  func `in a form a plus is a space, and a lone percent sign itself`(
    text: String, decoded: String
  ) {
    #expect(PercentCoding.decodeForm(Self.bytes(text)) == Array(decoded.utf8))
  }

  @Test func `only what is asked for is decoded`() {
    let text = Array("%22a%0d%41%".utf8)
    #expect(PercentCoding.decode(text, only: [0x22, 0x0D]) == Array("\"a\r%41%".utf8))
  }

  @Test func `what is encoded for a form is read back`() {
    #expect(PercentCoding.encodeForm("aZ09*-._ &=+%字") == "aZ09*-._%20%26%3D%2B%25%E5%AD%97")
    let all = String(decoding: 0..<128 as Range<UInt8>, as: UTF8.self)
    #expect(
      PercentCoding.decodeForm(Self.bytes(PercentCoding.encodeForm(all))) == Array(all.utf8))
  }
}
