package import Reactor
package import TextCoding

// The kinds of answers that endpoints give.

extension HTTPResponse {
  /// Plain text.
  package static func text(_ text: String) -> HTTPResponse {
    HTTPResponse(
      .ok,
      headers: [
        ("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff"),
      ], body: Array(text.utf8))
  }

  /// What probes read: an object with what `members` writes, never cached.
  package static func json(
    _ status: HTTPStatus, _ members: (inout JSONWriter) -> Void
  ) -> HTTPResponse {
    var json = JSONWriter()
    json.object(members)
    return HTTPResponse(
      status, headers: [("Content-Type", "application/json"), ("Cache-Control", "no-store")],
      body: json.bytes + [UInt8(ascii: "\n")])
  }

  /// The way to `location`; never cached.
  package static func redirect(_ status: HTTPStatus, to location: String) -> HTTPResponse {
    HTTPResponse(
      status, headers: [("Location", location), ("Cache-Control", "no-store")])
  }

  /// A page of ours: it runs our own scripts only, stands in no frame, and is stored nowhere.
  package static func page(_ html: String) -> HTTPResponse {
    let policy = [
      "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'",
      "img-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
    ]
    return HTTPResponse(
      .ok,
      headers: [
        ("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store"),
        ("Content-Security-Policy", policy.joined(separator: "; ")),
        ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "same-origin"),
        ("Vary", "Accept-Language, Cookie"),
      ], body: Array(html.utf8))
  }
}
