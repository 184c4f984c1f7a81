internal import Chat
internal import Operations
internal import Reactor
internal import Responses
internal import WebForms

/// Which request goes to which endpoint.
struct Router {
  let basePath: String
  let login: LoginEndpoint
  let page: PageEndpoint
  let post: PostEndpoint
  let stream: StreamEndpoint
  let files: ChatFiles
  let health: HealthEndpoint
  let readiness: () -> Readiness
  let cookies: SessionCookies
  let proxies: TrustedProxies

  /// Answers an exchange, now or later.
  func route(_ exchange: HTTPExchange) {
    do throws(Refusal) {
      if let response = try answer(exchange) { exchange.respond(response) }
    } catch {
      exchange.respond(error.response)
    }
  }

  /// The answer; nil when the endpoint answers by itself.
  private func answer(_ exchange: HTTPExchange) throws(Refusal) -> HTTPResponse? {
    let context = try context(of: exchange.request)
    let method = context.request.method
    switch context.segments.count == 1 ? context.segments[0] : nil {
    case "login" where method == .post: return try login.signIn(context)
    case "login":
      try allow([.get, .head, .post], method)
      return login.show(context)
    case "logout":
      try allow([.get, .head], method)
      return login.signOut(context)
    case "post":
      try allow([.post], method)
      try post.publish(context, exchange)
      return nil
    case "healthz":
      try allow([.get, .head], method)
      return health.show()
    case "readyz":
      try allow([.get, .head], method)
      return readiness().response
    case "stream":
      try allow([.get, .head], method)
      stream.open(context, exchange)
      return nil
    case let name? where !UserName.isReserved(pathSegment: name):
      try allow([.get, .head], method)
      page.prepare { exchange.respond(page.enter(as: name, context)) }
      return nil
    case nil where context.segments.isEmpty:
      try allow([.get, .head], method)
      page.prepare { exchange.respond(page.show(context)) }
      return nil
    default: return try answerBelow(context)
    }
  }

  private func answerBelow(_ context: RequestContext) throws(Refusal) -> HTTPResponse {
    let method = context.request.method
    guard context.segments.count == 2, context.segments[0] == "static" else { throw .notFound }
    try allow([.get, .head], method)
    return try files.show(context.segments[1], context.request, query: context.query)
  }

  /// Who sent a request, and whose session it was.
  func identify(_ request: HTTPRequest) -> (client: Peer, user: String?) {
    (Forwarding(request, proxies: proxies).client, cookies.session(of: request)?.user)
  }

  private func allow(_ methods: [HTTPMethod], _ method: HTTPMethod) throws(Refusal) {
    guard methods.contains(method) else { throw .methodNotAllowed(methods) }
  }

  private func context(of request: HTTPRequest) throws(Refusal) -> RequestContext {
    let target: RequestTarget
    do throws(RequestTargetError) {
      target = try RequestTarget(request.head.target)
    } catch {
      throw Refusal(error)
    }
    guard let segments = target.relative(to: basePath) else { throw .notFound }
    return RequestContext(
      request: request, segments: segments, query: target.query,
      cookies: cookies, basePath: basePath, proxies: proxies)
  }
}
