import BelfryServer
import EventStream
import Events
import TestSupport
import Testing

@Suite struct RoomPatternTests {
  @Test(arguments: [
    ("chat", "chat"), ("*", "a"), ("*", "chat:1"), ("chat*", "chat"), ("chat*", "chat:1"),
    ("*chat", "xchat"), ("c*t", "ct"), ("c*t", "chatt"), ("c?at", "chat"), ("????", "chat"),
    ("?*", "a"), ("*?", "ab"), ("**", "a"), ("a*b*c", "aXbYbZc"), ("*ab", "aab"),
    ("*a?c", "aabaxc"),
    ("a**b", "ab"), ("*.*", "a.b"), ("*abc*", "ababcab"),
  ])
  func `a name that fits is matched`(pattern: String, name: String) throws {
    #expect(try #require(RoomPattern(pattern)).matches(#require(RoomName(name))))
  }

  @Test(arguments: [
    ("chat", "Chat"), ("chat", "chats"), ("chat", "cha"), ("?", "ab"), ("??", "a"), ("a*", "ba"),
    ("*a", "ab"), ("c?t", "ct"), ("a*b*c", "acb"), ("*ab*ab", "ab"), ("a.b", "axb"), ("?*?", "a"),
  ])
  func `a name that does not fit is not`(pattern: String, name: String) throws {
    #expect(try !#require(RoomPattern(pattern)).matches(#require(RoomName(name))))
  }

  @Test(arguments: [
    "", "a b", "a/b", "[ab]", "a\\*", "é", "a,b", String(repeating: "*", count: 65),
  ])
  func `anything else is no pattern`(text: String) {
    #expect(RoomPattern(text) == nil)
  }

  @Test func `the worst pattern ends`() throws {
    // A matcher that tries every way to share out the stars would take longer than the universe.
    let pattern = try #require(RoomPattern(String(repeating: "*a", count: 31) + "*b"))
    let name = try #require(RoomName(String(repeating: "a", count: 64)))
    #expect(!pattern.matches(name))
    #expect(pattern.text.utf8.count == 64)
    #expect("\(pattern)" == pattern.text)
  }

  @Test func `it agrees with the definition`() throws {
    var generator = SplitMix64(seed: 9)
    var matched = 0
    for _ in 0..<4000 {
      let pattern = (0..<Int.random(in: 1...7, using: &generator)).map { _ in
        "ab*?".randomElement(using: &generator) ?? "a"
      }
      let name = (0..<Int.random(in: 1...7, using: &generator)).map { _ in
        "ab".randomElement(using: &generator) ?? "a"
      }
      let expected = Self.fits(pattern[...], name[...])
      let found = try #require(RoomPattern(String(pattern)))
        .matches(#require(RoomName(String(name))))
      #expect(found == expected, "\(String(pattern)) against \(String(name))")
      matched += expected ? 1 : 0
    }
    #expect(500...3500 ~= matched, "both answers occur")
  }

  /// What a pattern means, written down without care for time.
  private static func fits(
    _ pattern: ArraySlice<Character>, _ name: ArraySlice<Character>
  ) -> Bool {
    guard let first = pattern.first else { return name.isEmpty }
    let rest = pattern.dropFirst()
    if first == "*" { return (0...name.count).contains { fits(rest, name.dropFirst($0)) } }
    guard let character = name.first, first == "?" || first == character else { return false }
    return fits(rest, name.dropFirst())
  }
}
