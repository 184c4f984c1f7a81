package import Reactor

/// A request that is not done, with the answer that says why.
package struct Refusal: Error, Equatable {
  /// The answer's status.
  package let status: HTTPStatus
  /// Why, for who reads the answer.
  package let reason: String
  /// When it makes sense to come again.
  package var retryAfter: Duration?
  /// Methods that the path takes, for a 405.
  package var allow: [HTTPMethod] = []

  /// - Parameter retryAfter: when it makes sense to come again; nil: not said.
  package init(_ status: HTTPStatus, _ reason: String, retryAfter: Duration? = nil) {
    self.status = status
    self.reason = reason
    self.retryAfter = retryAfter
  }

  /// Nothing is at this path.
  package static let notFound = Refusal(.notFound, "no such path")

  /// The path takes other methods, `allow`.
  package static func methodNotAllowed(_ allow: [HTTPMethod]) -> Refusal {
    var refusal = Refusal(.methodNotAllowed, "allowed methods: \(names(allow))")
    refusal.allow = allow
    return refusal
  }

  private static func names(_ methods: [HTTPMethod]) -> String {
    methods.map(\.rawValue).joined(separator: ", ")
  }

  /// Plain text; never cached, since the next try may go otherwise.
  package var response: HTTPResponse {
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
