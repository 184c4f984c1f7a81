/// Every word of the pages, in one language.
///
/// A property that ends in a value's name in braces, such as `{n}`, is a pattern; the page's
/// script fills it in.
package struct Words: Sendable {
  /// The words of `language`.
  package static func of(_ language: Language) -> Words {
    switch language {
    case .traditionalChinese: traditionalChinese
    case .english: english
    }
  }

  /// The first line of the chat page stands around the reader's name.
  let greetingBeforeName: String
  let greetingAfterName: String
  let logout: String
  let needsScript: String

  let loginTitle: String
  let loginInvitation: String
  let name: String
  let join: String
  let nameMissing: String
  let nameTooLong: String
  let nameForbiddenCharacter: String

  /// What the page's script says.
  let script: Script

  /// The words of the page's script, which gets them from the page as JSON under these names.
  struct Script: Sendable {
    let connecting: String
    let live: String
    let reconnecting: String
    let busy: String
    let gap: String

    let log: String
    let empty: String
    let message: String
    let placeholder: String
    let hint: String
    let send: String
    let sending: String
    let newMessages: String
    let oneNewMessage: String

    let tooLong: String
    let refused: String
    let unwell: String
    let wait: String
    let waitSeconds: String
    let tooFast: String
    let failed: String
    let unreachable: String
  }

  /// The words that say why a name was not taken.
  func reason(_ reason: LoginReason) -> String {
    switch reason {
    case .missing: nameMissing
    case .tooLong: nameTooLong
    case .forbiddenCharacter: nameForbiddenCharacter
    }
  }
}

extension Words {
  private static let traditionalChinese = Words(
    greetingBeforeName: "Hi! ",
    greetingAfterName: " 正在聊天中...",
    logout: "登出",
    needsScript: "聊天室需要 JavaScript，請在瀏覽器中開啟它。",
    loginTitle: "登錄",
    loginInvitation: "報上名來，一起聊天。",
    name: "名字",
    join: "加入聊天室",
    nameMissing: "請輸入名字。",
    nameTooLong: "這個名字太長了，最多 64 個字元。",
    nameForbiddenCharacter: "名字裡有不能使用的字元，請換一個。",
    script: Script(
      connecting: "連線中…",
      live: "已連線",
      reconnecting: "連線中斷，重新連線中…",
      busy: "聊天室目前人太多，稍後會自動再試…",
      gap: "有些訊息已不再保留",
      log: "聊天訊息",
      empty: "還沒有訊息，先打聲招呼吧。",
      message: "訊息",
      placeholder: "說點什麼…",
      hint: "Enter 送出，Shift + Enter 換行",
      send: "送出",
      sending: "送出中…",
      newMessages: "{n} 則新訊息",
      oneNewMessage: "1 則新訊息",
      tooLong: "訊息太長，沒有送出；請縮短後再試。",
      refused: "伺服器拒絕了這則訊息，沒有送出；請重新登錄後再試。",
      unwell: "伺服器不接受這則訊息（{status}），沒有送出。",
      wait: "伺服器正忙，訊息沒有送出；請稍後再試。",
      waitSeconds: "伺服器正忙，訊息沒有送出；請在 {n} 秒後再試。",
      tooFast: "送得太快了，訊息沒有送出；請在 {n} 秒後再試。",
      failed: "伺服器出了問題（{status}），訊息沒有送出；請再試一次。",
      unreachable: "無法連上伺服器，訊息可能沒有送出；請再試一次。"))

  private static let english = Words(
    greetingBeforeName: "Hi! ",
    greetingAfterName: " is chatting...",
    logout: "Log out",
    needsScript: "The chat needs JavaScript. Please allow it in your browser.",
    loginTitle: "Log in",
    loginInvitation: "Say who you are, and join in.",
    name: "Name",
    join: "Join the chat",
    nameMissing: "Please enter a name.",
    nameTooLong: "This name is too long; 64 characters are the most.",
    nameForbiddenCharacter: "This name holds a character that names may not have.",
    script: Script(
      connecting: "Connecting…",
      live: "Live",
      reconnecting: "Reconnecting…",
      busy: "The chat is full just now, trying again soon…",
      gap: "Some messages are no longer kept",
      log: "Chat messages",
      empty: "No messages yet. Say hello!",
      message: "Message",
      placeholder: "Say something…",
      hint: "Enter sends, Shift + Enter: new line",
      send: "Send",
      sending: "Sending…",
      newMessages: "{n} new messages",
      oneNewMessage: "1 new message",
      tooLong: "Not sent: the message is too long. Shorten it and try again.",
      refused: "Not sent: the server refused the message. Log in again and retry.",
      unwell: "Not sent: the server does not take this message ({status}).",
      wait: "Not sent: the server is busy. Try again in a moment.",
      waitSeconds: "Not sent: the server is busy. Try again in {n} s.",
      tooFast: "Not sent: that was too fast. Try again in {n} s.",
      failed: "Not sent: the server is in trouble ({status}). Try again.",
      unreachable: "The server can't be reached; the message may not have been sent. Try again."))
}
