/// What a browser's cookie says of it.
package struct Session: Hashable, Sendable {
  /// Who is signed in; nil for nobody, and never "".
  package let user: String?
  /// What the next page shows once.
  package let flash: Flash?
  /// When the cookie was made, in seconds since 1970.
  package let issuedAt: Int64

  /// A `user` of "" is nobody.
  package init(user: String? = nil, flash: Flash? = nil, issuedAt: Int64) {
    self.user = user == "" ? nil : user
    self.flash = flash
    self.issuedAt = issuedAt
  }
}
