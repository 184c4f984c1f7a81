internal import Chat
internal import Reactor
internal import WebForms

/// The cookie that carries a session.
struct SessionCookies {
  /// Not Flask's `session`, so that both can share a site.
  private static let name = "belfry_session"

  let codec: SessionCodec
  /// Whole seconds.
  let maximumAge: Int64

  init(codec: SessionCodec, maximumAge: Duration) {
    self.codec = codec
    self.maximumAge = maximumAge.components.seconds
  }

  /// The session a request brings: the first cookie of the name that verifies, since another site of
  /// the same domain may have set one too.
  func session(of request: HTTPRequest) -> Session? {
    let now = WallClock.seconds
    for value in Cookies(headers: request.head.all("Cookie")).all(Self.name) {
      if let session = codec.decode(value, now: now, maximumAge: maximumAge) { return session }
    }
    return nil
  }

  /// The field that stores a session, for as long as it has left to live, where the browser of
  /// `context` finds us.
  func set(_ session: Session, for context: RequestContext) -> (String, String) {
    let age = max(0, session.issuedAt + maximumAge - WallClock.seconds)
    return field(codec.encode(session), age: age, context)
  }

  /// The field that removes it.
  func clear(for context: RequestContext) -> (String, String) { field("", age: 0, context) }

  private func field(_ value: String, age: Int64, _ context: RequestContext) -> (String, String) {
    let secure = context.isSecure ? "; Secure" : ""
    let path = context.base.isEmpty ? "/" : context.base
    return (
      "Set-Cookie",
      "\(Self.name)=\(value); Path=\(path); Max-Age=\(age); HttpOnly; SameSite=Lax\(secure)"
    )
  }
}
