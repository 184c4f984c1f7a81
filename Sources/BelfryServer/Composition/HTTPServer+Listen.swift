internal import Reactor

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
