import Testing

@testable import BelfryServer

@Suite struct NearestNameTests {
  @Test(arguments: [
    ("", "", 0), ("abc", "abc", 0), ("abc", "", 3), ("", "abc", 3), ("abc", "abd", 1),
    ("abc", "ab", 1), ("ab", "abc", 1), ("abcd", "acbd", 1), ("ca", "abc", 3),
    ("kitten", "sitting", 3),
  ])
  func `letters put in, taken out, replaced and swapped are counted`(
    one: String, other: String, distance: Int
  ) {
    #expect(NearestName.distance(Array(one.utf8), Array(other.utf8)) == distance)
  }

  @Test func `what is too far away is not meant`() {
    let names = ["listen", "retry", "redis"]
    #expect(NearestName.of("lisen", among: names) == "listen")
    #expect(NearestName.of("retri", among: names) == "retry")
    #expect(NearestName.of("x", among: names) == nil)
    #expect(NearestName.of("abcdefgh", among: names) == nil)
    #expect(NearestName.of("listen", among: []) == nil)
  }
}
