import Chat
import Testing

@Suite struct FlashTests {
  @Test func `signing in by the form is told without the name`() {
    #expect(Flash.signedIn.text == "您已經成功登錄!")
  }

  @Test func `signing in by the path is told with the name`() {
    #expect(Flash.joined(name: "小明").text == "小明已經成功登錄,加入聊天室!")
  }
}
