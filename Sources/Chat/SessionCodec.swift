internal import Crypto

/// Turns sessions into cookie values that nobody else can make, and back.
///
/// A value is `PAYLOAD.MAC`, both base64url; the MAC is HMAC-SHA-256 over the whole payload, its
/// version included. The payload is signed and not secret: the browser's owner may read it.
package struct SessionCodec: Sendable {
  /// How far ahead another server's clock may be, in seconds.
  package static let maximumClockSkew: Int64 = 5 * 60
  /// The longest value that is looked at, in bytes: what browsers keep (RFC 6265, section 6.1).
  package static let maximumCookieBytes = 4096

  private let keys: SessionKeys

  /// The first key signs, any of them verifies.
  package init(keys: SessionKeys) { self.keys = keys }

  /// The cookie's value, of `[A-Za-z0-9_.-]` only.
  ///
  /// Traps on a user's or a flash's name of more than 1,024 bytes; a `UserName` has at most 256.
  package func encode(_ session: Session) -> String {
    let payload = SessionPayload(session).bytes
    let mac = keys.signing.authenticationCode(for: payload)
    return "\(Base64URL.encode(payload)).\(Base64URL.encode(mac))"
  }

  /// The session a cookie's value holds; nil for anything that `encode` did not give under one of
  /// the keys, that is older than `maximumAge`, or from the future by more than
  /// `maximumClockSkew`.
  ///
  /// `now` is in seconds since 1970, `maximumAge` in seconds; a cookie exactly that old is good.
  package func decode(_ cookie: String, now: Int64, maximumAge: Int64) -> Session? {
    let text = cookie.utf8
    guard text.count <= Self.maximumCookieBytes else { return nil }
    guard let dot = text.firstIndex(of: UInt8(ascii: ".")) else { return nil }
    guard
      let payload = Base64URL.decode(text[..<dot]),
      let mac = Base64URL.decode(text[text.index(after: dot)...])
    else { return nil }
    let isSigned = keys.all.contains { $0.isValid(mac, for: payload) }
    guard isSigned, let session = SessionPayload(bytes: payload).session else { return nil }
    let (age, overflowed) = now.subtractingReportingOverflow(session.issuedAt)
    guard !overflowed, age <= maximumAge, age >= -Self.maximumClockSkew else { return nil }
    return session
  }
}
