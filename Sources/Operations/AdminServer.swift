internal import Hub
internal import Reactor

/// The operators' side: sockets, connections and bounds of its own, so that whoever watches the server
/// gets in when its public side is full. Must be closed before it is released.
final class AdminServer {
  /// Prometheus keeps one, and a person who looks a few.
  private static let connections = 16
  /// Descriptors at most, listening sockets not counted: `HTTPServer` keeps two, `ProcessSampler` one.
  static let descriptors = connections + 3 + StatusStream.descriptors

  let http: HTTPServer
  private let status: StatusStream

  init(
    on loop: EventLoop, options: SocketOptions, instruments: Instruments,
    backplane: any Backplane, log: @escaping (String) -> Void
  ) throws(ReactorError) {
    let sampler = try ProcessSampler(on: loop)
    let status = try StatusStream(
      on: loop, instruments: instruments, sampler: sampler, userTimeout: options.userTimeout,
      now: .now)
    let router = AdminRouter(
      instruments: instruments, health: HealthEndpoint(backplane: backplane),
      metrics: MetricsEndpoint(instruments: instruments, sampler: sampler),
      page: StatusPage(), stream: status)
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
  func endOfTurn() -> Bool {
    http.endOfTurn()
    return status.flush()
  }

  /// Ends who watches, and the other connections.
  func close() {
    status.end()
    http.close()
  }
}

extension HTTPServer {
  /// Listens on the sockets handed to this process, or at `addresses` when there are none; returns where.
  func listen(
    at addresses: [ListenAddress], inherited: [InheritedSocket]
  ) throws(ReactorError) -> [ListenAddress] {
    for socket in inherited { try listen(on: socket) }
    guard inherited.isEmpty else { return inherited.map(\.address) }
    var bound: [ListenAddress] = []
    for address in addresses { bound.append(try listen(on: address)) }
    return bound
  }
}
