package import Hub
package import Reactor
package import Responses

/// The operators' side: sockets, connections and bounds of its own, so that whoever watches the server
/// gets in when its public side is full. Must be closed before it is released.
package final class AdminServer {
  /// Prometheus keeps one, and a person who looks a few.
  private static let connections = 16
  /// Descriptors at most, listening sockets not counted: `HTTPServer` keeps two, `ProcessSampler` one.
  package static let descriptors = connections + 3 + StatusStream.descriptors

  /// Its connections and listening sockets.
  package let http: HTTPServer
  private let status: StatusStream

  /// Listens nowhere yet.
  ///
  /// - Parameters:
  ///   - icon: the status page's.
  ///   - log: told when no connection can be accepted, and why.
  package init(
    on loop: EventLoop, options: SocketOptions, instruments: Instruments,
    backplane: any Backplane, icon: StaticFile, log: @escaping (String) -> Void
  ) throws(ReactorError) {
    let sampler = try ProcessSampler(on: loop)
    let status = try StatusStream(
      on: loop, instruments: instruments, sampler: sampler, userTimeout: options.userTimeout,
      now: .now)
    let router = AdminRouter(
      instruments: instruments, health: HealthEndpoint(backplane: backplane),
      metrics: MetricsEndpoint(instruments: instruments, sampler: sampler),
      page: StatusPage(icon: icon), stream: status)
    self.status = status
    // Who asks wants to know of one process, not of any that listens there too.
    var options = options
    options.reusePort = false
    var limits = HTTPServer.Limits()
    limits.connections = Self.connections
    limits.bodyBytes = 1 << 10
    http = try HTTPServer(on: loop, limits: limits, options: options, log: log) {
      router.route($0)
    }
  }

  /// To be called at the end of each turn of the loop; returns whether it has more to do.
  package func endOfTurn() -> Bool {
    http.endOfTurn()
    return status.flush()
  }

  /// Ends who watches, and the other connections.
  package func close() {
    status.end()
    http.close()
  }
}
