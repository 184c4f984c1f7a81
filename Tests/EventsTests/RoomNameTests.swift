import Events
import Testing

@Suite struct RoomNameTests {
  @Test(arguments: ["a", "chat", "A.b_C:d-9", "flask-sse", String(repeating: "x", count: 64)])
  func `one to sixty-four plain characters are a room`(text: String) throws {
    let room = try #require(RoomName(text))
    #expect(room.text == text)
    #expect("\(room)" == text)
  }

  @Test(arguments: [
    "", " ", "a b", "a/b", "a*", "a?", "é", "a\n", "a\u{0}", "a%20", "聊天室",
    String(repeating: "x", count: 65),
  ])
  func `anything else is no room`(text: String) {
    #expect(RoomName(text) == nil)
  }

  @Test func `the allowed bytes are the sixty-six of the alphabet`() {
    let allowed = (UInt8.min...UInt8.max).filter(RoomName.isAllowed)
    #expect(
      String(decoding: allowed, as: UTF8.self)
        == "-.0123456789:ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")
  }

  @Test func `rooms are sorted by their bytes`() {
    let rooms = ["b", "a", "B", "a:", "a-1", "9"].compactMap { RoomName($0) }
    #expect(rooms.sorted().map(\.text) == ["9", "B", "a", "a-1", "a:", "b"])
  }
}
