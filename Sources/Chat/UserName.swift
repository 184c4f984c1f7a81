internal import TextCoding

/// The name somebody signs in with, fit to be shown to everybody.
package struct UserName: Hashable, Sendable, CustomStringConvertible {
  /// The most characters, as a reader counts them.
  package static let maximumCharacters = 64
  /// The most bytes in UTF-8: a character may be a long pile of marks, and the name is in every
  /// line and every cookie.
  package static let maximumBytes = 256

  /// The name itself, without white space around it, always valid.
  package let text: String

  /// Takes `raw` without the white space (Unicode `White_Space`) around it.
  ///
  /// Throws when nothing visible is left, when that is too long, or when it has a character that
  /// would change the lines around it: a control, a line separator, or one that reorders text
  /// (the bidirectional formatting characters of UAX #9, section 2).
  package init(_ raw: String) throws(UserNameError) {
    let trimmed = String(raw.trimmingWhiteSpace)
    guard !trimmed.isEmpty else { throw .missing }
    // Bytes first: they are counted already, and bound the walk over the characters.
    guard trimmed.utf8.count <= Self.maximumBytes, trimmed.count <= Self.maximumCharacters else {
      throw .tooLong
    }
    // In the white space around it too: a line end there is no slip of the finger.
    guard !raw.unicodeScalars.contains(where: Self.isForbidden) else {
      throw .forbiddenCharacter
    }
    guard trimmed.unicodeScalars.contains(where: Self.isVisible) else { throw .missing }
    self.text = trimmed
  }

  package var description: String { text }

  private static func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x00...0x1F, 0x7F...0x9F: true  // C0, DEL, C1
    case 0x2028, 0x2029: true  // line and paragraph separator
    case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: true  // Bidi_Control
    default: false
    }
  }

  /// Whether the scalar leaves something on the page by itself.
  private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
    let properties = scalar.properties
    // U+2800 is a Braille pattern without dots: a symbol to Unicode, blank to a reader.
    return !properties.isWhitespace && !properties.isDefaultIgnorableCodePoint
      && properties.generalCategory != .format && scalar.value != 0x2800
  }
}
