internal import TextCoding

/// The name of one history: it changes when a room's past is lost, so that an id of the lost past
/// is recognised as such.
///
/// One to sixteen characters of `[0-9a-z]`, which need no escaping in an id, a header or a key.
package struct Epoch: Hashable, Sendable, CustomStringConvertible {
  /// The name itself, always valid.
  package let text: String

  /// Fails unless `text` is 1...16 characters of `[0-9a-z]`.
  package init?(_ text: some StringProtocol) {
    let utf8 = text.utf8
    // A String's length in bytes is at hand; a stranger's long text is refused before it is walked.
    guard 1...16 ~= utf8.count else { return nil }
    self.init(utf8: Array(utf8)[...])
  }

  /// The same of a text's bytes.
  package init?(utf8: ArraySlice<UInt8>) {
    guard 1...16 ~= utf8.count, utf8.allSatisfy(Self.isAllowed) else { return nil }
    text = String(decoding: utf8, as: UTF8.self)
  }

  private init(trusted text: String) { self.text = text }

  /// Eight random characters: 41 bits, enough that no two restarts of one server share a name.
  package static func random(using generator: inout some RandomNumberGenerator) -> Epoch {
    let alphabet = Array("0123456789abcdefghijklmnopqrstuvwxyz".utf8)
    let name = (0..<8).map { _ in alphabet[Int.random(in: alphabet.indices, using: &generator)] }
    return Epoch(trusted: String(decoding: name, as: UTF8.self))
  }

  package var description: String { text }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    byte.isAlphanumeric && byte == byte.asciiLowercase
  }
}
