internal import Chat
internal import Reactor
internal import WebForms

/// A request with what the endpoints want to know of it.
struct RequestContext {
  let request: HTTPRequest
  /// The path below the base path, decoded.
  let segments: [String]
  let query: FormFields
  let cookies: SessionCookies
  /// What the request's path began with.
  let basePath: String
  let proxies: TrustedProxies

  private var forwarding: Forwarding { Forwarding(request, proxies: proxies) }

  /// Verified when it is asked for: a stream needs none.
  var session: Session? { cookies.session(of: request) }

  /// The browser's id: its session's, or a new one.
  var browser: BrowserID {
    var generator = SystemRandomNumberGenerator()
    return session?.browser ?? .random(using: &generator)
  }

  var language: Language {
    let fields = request.head.all("Accept-Language")
    return Language(acceptLanguage: fields.isEmpty ? nil : fields.joined(separator: ","))
  }

  /// Who asks: the connection's peer, or whom the trusted proxies name.
  var client: Peer { forwarding.client }

  /// Whether the browser came over https.
  var isSecure: Bool { forwarding.isSecure }

  /// What the addresses of our pages begin with in the browser: empty, or such as `/chat`.
  var base: String { forwarding.prefix?.text ?? basePath }

  /// The hosts that the browser may have meant us by.
  var hosts: [String] { [request.head["Host"], forwarding.host].compactMap(\.self) }
}
