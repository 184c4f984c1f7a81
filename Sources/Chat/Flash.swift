/// A notice that the next page shows once.
package enum Flash: Hashable, Sendable {
  /// The form at `/login` took a name.
  case signedIn
  /// The path `/NAME` signed somebody in.
  case joined(name: String)

  /// The words the page shows.
  package var text: String {
    switch self {
    case .signedIn: "您已經成功登錄!"
    case .joined(let name): "\(name)已經成功登錄,加入聊天室!"
    }
  }
}
