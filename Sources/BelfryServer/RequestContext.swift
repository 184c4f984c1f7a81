internal import Chat
internal import Reactor

/// A request with what the endpoints want to know of it.
struct RequestContext {
  let request: HTTPRequest
  /// The path below the base path, decoded.
  let segments: [String]
  let query: FormFields
  let cookies: SessionCookies
  let isTrusted: Bool

  /// Verified when it is asked for: a stream needs none.
  var session: Session? { cookies.session(of: request) }

  var language: Language {
    let fields = request.head.all("Accept-Language")
    return Language(acceptLanguage: fields.isEmpty ? nil : fields.joined(separator: ","))
  }

  /// The first value of a proxy's list, if the proxy is one of ours.
  private func forwarded(_ name: String) -> String? {
    guard isTrusted, let value = request.head[name] else { return nil }
    return value.split(separator: ",").first.map { $0.filter { $0 != " " } }
  }

  /// Whether the browser came over https.
  var isSecure: Bool { forwarded("X-Forwarded-Proto")?.equalsIgnoringASCIICase("https") ?? false }

  /// The hosts that the browser may have meant us by.
  var hosts: [String] {
    [request.head["Host"], forwarded("X-Forwarded-Host")].compactMap(\.self)
  }
}
