internal import TextCoding

/// The name of a room.
///
/// One to sixty-four characters of `[A-Za-z0-9._:-]`, so it is the same bytes in a path, a query, a
/// Redis key and a log line.
package struct RoomName: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The name itself, always valid.
  package let text: String

  /// Fails unless `text` is 1...64 characters of `[A-Za-z0-9._:-]`.
  package init?(_ text: some StringProtocol) {
    let utf8 = text.utf8
    guard 1...64 ~= utf8.count, utf8.allSatisfy(Self.isAllowed) else { return nil }
    self.text = String(text)
  }

  package var description: String { text }

  /// The order of the bytes.
  package static func < (left: RoomName, right: RoomName) -> Bool { left.text < right.text }

  /// Whether a room's name may contain this byte.
  package static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "-"): true
    default: byte.isAlphanumeric
    }
  }
}
