/// A setting's text that cannot be read, and what could.
package struct SettingTextError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was written.
  package let text: String
  /// What is accepted, for people, beginning with an article.
  package let accepted: String

  package init(text: String, accepted: String) {
    self.text = text
    self.accepted = accepted
  }

  package var description: String { "\(text.debugDescription) is not \(accepted)." }
}
