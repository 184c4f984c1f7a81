internal import TextCoding

/// A client's random id, which it makes itself and keeps to itself: 16 to 64 characters of base64url
/// (RFC 4648, section 5), at least 96 bits.
package struct ClientID: Hashable, Sendable {
  /// Characters that it may have.
  package static let length = 16...64

  /// Always valid.
  package let text: String

  /// Fails unless `text` is 16 to 64 characters of `[A-Za-z0-9_-]`.
  package init?(_ text: String) {
    guard Self.length ~= text.utf8.count,
      text.utf8.allSatisfy({
        $0.isAlphanumeric || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
      })
    else { return nil }
    self.text = text
  }
}
