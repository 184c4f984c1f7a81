package import Events

/// An entry of a list of rooms: a name, or a glob in which `*` stands for any characters, none
/// too, and `?` for exactly one.
package struct RoomPattern: Hashable, Sendable, CustomStringConvertible {
  /// The most characters, wild ones included; a room's name has no more.
  package static let maximumLength = 64

  /// The pattern as it was written.
  package let text: String

  /// Fails unless `text` is 1...64 characters that a room's name may have, `*` or `?`.
  package init?(_ text: some StringProtocol) {
    let utf8 = text.utf8
    guard 1...Self.maximumLength ~= utf8.count else { return nil }
    guard utf8.allSatisfy({ RoomName.isAllowed($0) || $0 == Self.many || $0 == Self.one }) else {
      return nil
    }
    self.text = String(text)
  }

  package var description: String { text }

  /// Whether the whole of the room's name fits; case counts.
  ///
  /// Takes at most the product of the two lengths in steps, whatever the pattern: when a `*` has to
  /// take one more character, no earlier `*` need be tried again.
  package func matches(_ room: RoomName) -> Bool {
    let pattern = Array(text.utf8)
    let name = Array(room.text.utf8)
    var inPattern = 0
    var inName = 0
    /// Behind the last `*`, and where in the name what it does not take begins.
    var retry: (inPattern: Int, inName: Int)?
    while inName < name.count {
      if inPattern < pattern.count, pattern[inPattern] == Self.many {
        inPattern += 1
        retry = (inPattern, inName)
      } else if inPattern < pattern.count,
        pattern[inPattern] == Self.one || pattern[inPattern] == name[inName]
      {
        inPattern += 1
        inName += 1
      } else if let last = retry {
        retry = (last.inPattern, last.inName + 1)
        inPattern = last.inPattern
        inName = last.inName + 1
      } else {
        return false
      }
    }
    return pattern[inPattern...].allSatisfy { $0 == Self.many }
  }

  private static let many = UInt8(ascii: "*")
  private static let one = UInt8(ascii: "?")
}
