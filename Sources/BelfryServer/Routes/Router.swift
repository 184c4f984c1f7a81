internal import Chat
internal import Operations
internal import Reactor
internal import Responses
internal import WebForms

/// Passes each request to its endpoint, by its rows.
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
    let place = try Self.routes.place(for: exchange.request.method, at: context.segments)
    return try Self.rows[place.row].handlers[place.handler].answer(self, context, exchange)
  }

  /// Who sent a request, and whose session it was.
  func identify(_ request: HTTPRequest) -> (client: Peer, user: String?) {
    (Forwarding(request, proxies: proxies).client, cookies.session(of: request)?.user)
  }

  private func context(of request: HTTPRequest) throws(Refusal) -> RequestContext {
    let target = try RequestTarget(of: request)
    guard let segments = target.relative(to: basePath) else { throw .notFound }
    return RequestContext(
      request: request, segments: segments, query: target.query,
      cookies: cookies, basePath: basePath, proxies: proxies)
  }
}
