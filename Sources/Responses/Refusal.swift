internal import Reactor
internal import TextCoding

/// A request that is not done, with the answer that says why.
struct Refusal: Error, Equatable {
  let status: HTTPStatus
  let reason: String
  /// When it makes sense to come again.
  var retryAfter: Duration?
  /// Methods that the path takes, for a 405.
  var allow: [HTTPMethod] = []

  init(_ status: HTTPStatus, _ reason: String, retryAfter: Duration? = nil) {
    self.status = status
    self.reason = reason
    self.retryAfter = retryAfter
  }

  static let notFound = Refusal(.notFound, "no such path")

  static func methodNotAllowed(_ allow: [HTTPMethod]) -> Refusal {
    var refusal = Refusal(.methodNotAllowed, "allowed methods: \(names(allow))")
    refusal.allow = allow
    return refusal
  }

  private static func names(_ methods: [HTTPMethod]) -> String {
    methods.map(\.rawValue).joined(separator: ", ")
  }

  /// Plain text; never cached, since the next try may go otherwise.
  var response: HTTPResponse {
    var response = HTTPResponse.text("\(status.rawValue) \(status.phrase): \(reason)\n")
    response.status = status
    response.headers.add("Cache-Control", "no-store")
    if !allow.isEmpty { response.headers.add("Allow", Self.names(allow)) }
    if let retryAfter {
      let (seconds, attoseconds) = retryAfter.components
      response.headers.add("Retry-After", String(seconds + (attoseconds > 0 ? 1 : 0)))
    }
    return response
  }
}

extension HTTPResponse {
  static func text(_ text: String) -> HTTPResponse {
    HTTPResponse(
      .ok,
      headers: [
        ("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff"),
      ], body: Array(text.utf8))
  }

  /// What probes read: an object with what `members` writes, never cached.
  static func json(
    _ status: HTTPStatus, _ members: (inout JSONWriter) -> Void
  ) -> HTTPResponse {
    var json = JSONWriter()
    json.object(members)
    return HTTPResponse(
      status, headers: [("Content-Type", "application/json"), ("Cache-Control", "no-store")],
      body: json.bytes + [UInt8(ascii: "\n")])
  }

  static func redirect(_ status: HTTPStatus, to location: String) -> HTTPResponse {
    HTTPResponse(
      status, headers: [("Location", location), ("Cache-Control", "no-store")])
  }
}
