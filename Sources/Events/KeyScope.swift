/// Whose key it is: the same key of another scope is another key. Listeners never see it.
package struct KeyScope: Hashable, Sendable {
  /// As it is encoded; never empty.
  package let text: String
  /// The address whose share of the keys it counts for; not encoded, and not compared.
  package let payer: String?

  private init(_ text: String, payer: String?) {
    self.text = text
    self.payer = payer
  }

  /// Of a client that sent a random id.
  package init(client: ClientID, payer: String?) { self.init("c/\(client.text)", payer: payer) }

  /// Of a session.
  package init(session: SenderID, payer: String?) { self.init("s/\(session.text)", payer: payer) }

  /// Of a client's address, as text.
  package init(address: String, payer: String?) { self.init("a/\(address)", payer: payer) }

  /// As another process encoded it. Fails on nothing.
  package init?(encoded text: String) {
    guard !text.isEmpty else { return nil }
    self.init(text, payer: nil)
  }

  package static func == (one: KeyScope, other: KeyScope) -> Bool { one.text == other.text }

  package func hash(into hasher: inout Hasher) { hasher.combine(text) }
}
