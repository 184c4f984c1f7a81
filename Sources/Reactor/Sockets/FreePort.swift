internal import CReactor
internal import Glibc

/// Ports of the loopback address, for programs that must be told one.
package enum FreePort {
  /// A port that nobody listens on just now; somebody else may take it before it is used.
  package static func find() throws(ReactorError) -> UInt16 {
    let sockets = try Socket.listen(on: .tcp(host: "127.0.0.1", port: 0), SocketOptions())
    defer { for socket in sockets { close(socket) } }
    let asked = ListenAddress.tcp(host: "127.0.0.1", port: 0)
    guard let socket = sockets.first,
      case .tcp(_, let port) = Socket.boundAddress(of: socket, asked: asked)
    else { throw ReactorError(function: "getsockname", detail: "finding a free port") }
    return port
  }

  /// Whether somebody takes connections there. Blocks, for as long as connecting on one machine takes.
  package static func isTaken(_ port: UInt16) -> Bool {
    guard
      let address = try? ClientAddress(resolving: .tcp(host: "127.0.0.1", port: port))
    else { return false }
    return address.isAnswered(within: .seconds(1))
  }
}
