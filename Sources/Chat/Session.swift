package import Events

/// What a browser's cookie says of it.
package struct Session: Hashable, Sendable {
  /// Who is signed in; nil for nobody, and never "".
  package let user: String?
  /// What the next page shows once.
  package let flash: Flash?
  /// The browser that it is in; nil for a session of 0.1.0, until it is renewed.
  package let browser: BrowserID?
  /// When the cookie was made, in seconds since 1970.
  package let issuedAt: Int64

  /// A `user` of "" is nobody.
  package init(
    user: String? = nil, flash: Flash? = nil, browser: BrowserID? = nil, issuedAt: Int64
  ) {
    self.user = user == "" ? nil : user
    self.flash = flash
    self.browser = browser
    self.issuedAt = issuedAt
  }
}

extension Session {
  /// Whose messages come under this session; nil: nobody's.
  package var sender: Sender? { user.map { Sender(name: $0, id: browser?.senderID) } }
}
