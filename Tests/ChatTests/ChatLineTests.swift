import Chat
import Testing

@Suite struct ChatLineTests {
  @Test func `a line is the time, the name and the message`() {
    let line = ChatLine(hour: 9, minute: 5, second: 7, name: "小明", message: "你好")
    #expect(line.text == "[09:05:07] 小明: 你好")
    #expect("\(line)" == line.text)
  }

  @Test func `every part of the time has two digits`() {
    #expect(
      ChatLine(hour: 23, minute: 59, second: 60, name: "a", message: "b").text
        == "[23:59:60] a: b")
    #expect(
      ChatLine(hour: 0, minute: 0, second: 0, name: "a", message: "").text == "[00:00:00] a: ")
  }

  @Test func `somebody without a name is anonymous`() {
    let line = ChatLine(hour: 12, minute: 10, second: 11, name: nil, message: "hi")
    #expect(line.text == "[12:10:11] anonymous: hi")
  }

  @Test(arguments: ["a\nb", "a\r\nb", " a ", "\u{0}", "\u{2028}", "<b>&amp;</b>", "%00"])
  func `the message is untouched`(message: String) {
    let line = ChatLine(hour: 1, minute: 2, second: 3, name: "n", message: message)
    #expect(Array(line.text.utf8) == Array("[01:02:03] n: ".utf8) + Array(message.utf8))
  }
}
