/// Why a name was not taken, to be said on the login page.
package enum LoginReason: CaseIterable, Sendable {
  /// There was no name, or only blanks.
  case missing
  /// The name has more characters or bytes than a name may have.
  case tooLong
  /// The name holds a control or bidirectional-override character.
  case forbiddenCharacter
}
