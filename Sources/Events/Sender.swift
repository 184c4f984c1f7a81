internal import TextCoding

/// Who says something, as listeners see it.
package struct Sender: Hashable, Sendable {
  /// The name that somebody has signed in with. It proves nothing.
  package var name: String
  /// Stands for the browser that has signed in, under whatever name; nil for one that has none.
  package var id: SenderID?

  package init(name: String, id: SenderID? = nil) {
    self.name = name
    self.id = id
  }
}

/// A sender's id as listeners see it: 16 characters of base64url (RFC 4648, section 5), 96 bits.
package struct SenderID: Hashable, Sendable, CustomStringConvertible {
  /// Characters that it has.
  package static let length = 16

  /// Always valid.
  package let text: String

  /// Fails unless `text` is 16 characters of `[A-Za-z0-9_-]`.
  package init?(_ text: String) {
    guard text.utf8.count == Self.length, text.utf8.allSatisfy(Self.isAllowed) else { return nil }
    self.text = text
  }

  package var description: String { text }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    byte.isAlphanumeric || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
  }
}
