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
      guard [.get, .head].contains(exchange.request.method) else {
        throw .methodNotAllowed([.get, .head])
      }
      let target: RequestTarget
      do throws(RequestTargetError) {
        target = try RequestTarget(exchange.request.head.target)
      } catch {
        throw Refusal(error)
      }
      switch target.segments {
      case []: exchange.respond(.redirect(.found, to: "status"))
      case ["healthz"]: exchange.respond(health.show())
      case ["readyz"]: exchange.respond(instruments.readiness.response)
      case ["metrics"]: metrics.show(exchange)
      case ["status"]: exchange.respond(page.show())
      case ["status", "stream"]: stream.open(exchange, query: target.query)
      case let path where path.count == 2 && path[0] == "status":
        exchange.respond(try page.show(path[1], exchange.request, query: target.query))
      default: throw .notFound
      }
    } catch {
      exchange.respond(error.response)
    }
  }
}
