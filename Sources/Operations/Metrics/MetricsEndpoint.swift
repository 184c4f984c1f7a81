internal import Reactor

/// `/metrics`, for Prometheus.
struct MetricsEndpoint {
  let instruments: Instruments
  let sampler: ProcessSampler

  /// Answers in a later turn, when the kernel has said what it knows of the process.
  func show(_ exchange: HTTPExchange) {
    sampler.sample { process in
      var figures = instruments.read()
      figures.process = process
      exchange.respond(
        HTTPResponse(
          .ok,
          headers: [
            ("Content-Type", "text/plain; version=0.0.4; charset=utf-8"),
            ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"),
          ], body: Array(MetricsText(figures).text.utf8)))
    }
  }
}
