internal import Reactor
package import Responses
internal import WebForms

extension AdminRouter {
  /// The routes of the operators' side. All of them are GET.
  static let rows: [Route<AdminRouter, RequestTarget>] = [
    Route("/", .get("redirects to `/status`") { _, _, _ in .redirect(.found, to: "status") }),
    .healthz { $0.health },
    .readyz { $0.instruments.readiness },
    Route(
      "/metrics",
      .get("metrics for Prometheus, text format 0.0.4") { router, _, exchange in
        router.metrics.show(exchange)
        return nil
      }),
    Route("/status", .get("a live page") { router, _, _ in router.page.show() }),
    Route(
      "/status/stream",
      .get("the page's stream: its figures of every second") { router, target, exchange in
        router.stream.open(exchange, query: target.query)
        return nil
      }),
    Route(
      "/status/FILE",
      .get("the page's files") { router, target, exchange throws(Refusal) in
        try router.page.show(target.segments[1], exchange.request, query: target.query)
      }),
  ]

  static let routes = RouteTable(rows)
}

extension AdminServer {
  /// What it answers.
  package static var routes: [RouteSummary] { AdminRouter.routes.summaries }
}
