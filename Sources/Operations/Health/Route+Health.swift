package import Responses

// The rows that both sides have.

extension Route {
  /// - Parameter health: of the table's subject.
  package static func healthz(
    _ health: @escaping @Sendable (Subject) -> HealthEndpoint
  ) -> Route {
    Route(
      "/healthz",
      .get("200 while the event loop runs") { subject, _, _ in health(subject).show() })
  }

  /// - Parameter readiness: of the table's subject, as it is now.
  package static func readyz(_ readiness: @escaping @Sendable (Subject) -> Readiness) -> Route {
    Route(
      "/readyz",
      .get("200 when the server is ready for clients, else 503 with the reasons") { subject, _, _ in
        readiness(subject).response
      })
  }
}
