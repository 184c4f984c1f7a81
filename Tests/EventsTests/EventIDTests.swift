import Events
import Testing

@Suite struct EventIDTests {
  @Test(arguments: [
    ("a-0", "a", 0), ("abcdefgh-7", "abcdefgh", 7),
    ("0123456789abcdef-18446744073709551615", "0123456789abcdef", UInt64.max),
  ])
  func `an id is an epoch, a dash and a number`(text: String, epoch: String, number: UInt64) throws
  {
    let id = try #require(EventID(text))
    #expect(id.epoch.text == epoch)
    #expect(id.number == number)
    #expect(id.description == text)
    #expect(EventID(epoch: id.epoch, number: id.number) == id)
  }

  @Test(arguments: [
    "", "-", "a", "a-", "-1", "a--1", "a-+1", "a-01", "a-00", "a-1 ", " a-1", "a-1\n", "a-1-2",
    "a-18446744073709551616", "a-99999999999999999999", "a-0x1", "a-1\u{0}", "A-1", "é-1", "a-١",
    "0123456789abcdefg-1", "a-\u{661}", "0123456789abcdef-018446744073709551615",
  ])
  func `anything else is no id`(text: String) {
    #expect(EventID(text) == nil)
  }

  @Test func `an id is encoded as its description`() throws {
    let epoch = try #require(Epoch("e"))
    for number: UInt64 in [0, 1, 9, 10, 99, 100, 1_000_000, UInt64(Int64.max), .max] {
      let id = EventID(epoch: epoch, number: number)
      var bytes = Array("id: ".utf8)
      id.encode(into: &bytes)
      #expect(String(decoding: bytes, as: UTF8.self) == "id: \(id)")
      #expect(EventID(id.description) == id)
    }
  }

  @Test func `a substring is read as well`() {
    #expect(EventID("x=ab-12"[...].dropFirst(2))?.number == 12)
  }
}
