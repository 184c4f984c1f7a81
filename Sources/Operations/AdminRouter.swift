internal import Reactor
internal import Responses
internal import WebForms

/// What the operators' side answers. It changes nothing: who can reach it may look, and no more.
struct AdminRouter {
  let instruments: Instruments
  let health: HealthEndpoint
  let metrics: MetricsEndpoint
  let page: StatusPage
  let stream: StatusStream

  /// Answers an exchange, now or later.
  func route(_ exchange: HTTPExchange) {
    do throws(Refusal) {
      let target = try RequestTarget(of: exchange.request)
      let place = try Self.routes.place(for: exchange.request.method, at: target.segments)
      let handler = Self.rows[place.row].handlers[place.handler]
      if let response = try handler.answer(self, target, exchange) { exchange.respond(response) }
    } catch {
      exchange.respond(error.response)
    }
  }
}
