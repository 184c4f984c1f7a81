/// Why a text cannot be somebody's name.
package enum UserNameError: Error, Hashable, Sendable {
  /// Nothing, or nothing that can be seen.
  case missing
  /// More than `UserName.maximumCharacters`, or than `UserName.maximumBytes`.
  case tooLong
  /// A control, a line separator or a bidirectional formatting character.
  case forbiddenCharacter
}
