import Events
import TestSupport
import Testing

@Suite struct EpochTests {
  @Test(arguments: ["0", "a", "z9", "abcdefgh", "0123456789abcdef"])
  func `one to sixteen small letters and digits are an epoch`(text: String) throws {
    let epoch = try #require(Epoch(text))
    #expect(epoch.text == text)
    #expect("\(epoch)" == text)
  }

  @Test(arguments: ["", "0123456789abcdefg", "A", "a-b", "a b", "é", "a\n", "\u{0}", "a\u{301}"])
  func `anything else is no epoch`(text: String) {
    #expect(Epoch(text) == nil)
  }

  @Test func `a random epoch has eight characters and is valid`() {
    var generator = SplitMix64(seed: 1)
    var seen: Set<Epoch> = []
    for _ in 0..<1000 {
      let epoch = Epoch.random(using: &generator)
      #expect(epoch.text.utf8.count == 8)
      #expect(Epoch(epoch.text) == epoch)
      seen.insert(epoch)
    }
    #expect(seen.count == 1000)
    #expect(Set(seen.flatMap { Array($0.text.utf8) }).count == 36, "every character occurs")
  }
}
