import Reactor
import TestSupport

/// An HTTP server on a loop of its own thread, which the test talks to through sockets.
final class HTTPFixture {
  let port: UInt16
  /// Held beyond the server's end, so that nobody else answers there then.
  private let reserved: ReservedPort
  private let thread: RunningThread
  private let shared: Shared

  /// What the loop's thread hands out before it runs.
  private final class Shared: @unchecked Sendable {
    // Written before `port` is told, read after; used on the loop only, through `remote`.
    var loop: EventLoop?
    var server: HTTPServer?
    var remote: Remote?
    var failure: (any Error)?
  }

  init(
    limits: HTTPServer.Limits = HTTPServer.Limits(),
    _ handler: @escaping @Sendable (HTTPExchange) -> Void
  ) throws {
    let shared = Shared()
    self.shared = shared
    reserved = try ReservedPort()
    port = reserved.number
    let announce = Channel<Bool>()
    thread = RunningThread { [port] in
      do {
        let loop = try EventLoop()
        let server = try HTTPServer(on: loop, limits: limits, onRequest: handler)
        try server.listen(on: .tcp(host: "127.0.0.1", port: port))
        let (remote, door) = try loop.makeRemote()
        shared.loop = loop
        shared.server = server
        shared.remote = remote
        announce.send(true)
        loop.run {
          server.endOfTurn()
          return false
        }
        server.close()
        shared.server = nil
        shared.loop = nil
        withExtendedLifetime(door) {}
      } catch {
        shared.failure = error
        announce.send(false)
      }
    }
    guard announce.receive() else {
      thread.join()
      throw shared.failure ?? Client.Failure(description: "no server")
    }
  }

  /// Has the loop do `work` and waits for its result.
  func onLoop<Value: Sendable>(_ work: @escaping @Sendable (HTTPServer) -> Value) -> Value {
    let result = Channel<Value>()
    let shared = shared
    // Set before the port was told.
    shared.remote!.execute { result.send(work(shared.server!)) }
    return result.receive()
  }

  var connectionCount: Int { onLoop { $0.connectionCount } }

  func stop() {
    let shared = shared
    shared.remote?.execute { shared.loop?.stop() }
    thread.join()
  }

  func client() throws -> Client { try Client(port: port) }

  /// Sends `request` and reads one answer.
  func answer(to request: String) throws -> Response {
    let client = try client()
    try client.send(request)
    return try client.response()
  }
}
