import Reactor
import TestSupport
import Testing

/// Connections that never become a request, requests that never end, and addresses that have too many.
@Suite struct ConnectionLimitTests {
  private func server(_ change: (inout HTTPServer.Limits) -> Void) throws -> HTTPFixture {
    var limits = HTTPServer.Limits()
    change(&limits)
    return try HTTPFixture(limits: limits) { exchange in
      exchange.respond(HTTPResponse(.ok, body: exchange.request.body))
    }
  }

  private let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

  @Test func `the longest silent ones make room, and whoever asks is answered`() throws {
    let server = try server { $0.connections = 30 }
    defer { server.stop() }
    var silent: [Client] = []
    for _ in 0..<100 {
      silent.append(try server.client())
      #expect(try server.answer(to: request).status == 200)
    }
    #expect(eventually { server.connectionCount <= 30 })
    let counters = server.onLoop { $0.counters }
    #expect(counters.ended(.total) >= 70 && counters.accepted == 200)
    // The oldest are gone, without a word; the youngest still count.
    #expect(try silent[0].receiveAll().isEmpty)
    try silent[99].send(request)
    #expect(try silent[99].response().status == 200)
  }

  @Test func `a slow reader makes room too`() throws {
    let server = try HTTPFixture(
      limits: {
        var l = HTTPServer.Limits()
        l.connections = 10
        return l
      }()
    ) {
      $0.respond(HTTPResponse(.ok, body: [UInt8](repeating: 120, count: 4 << 20)))
    }
    defer { server.stop() }
    let slow = try (0..<10).map { _ in
      let client = try Client(port: server.port, receiveBuffer: 4096)
      try client.send(request)
      return client
    }
    #expect(eventually { server.onLoop { $0.counters.accepted } == 10 })
    #expect(try server.answer(to: request).body.count == 4 << 20)
    withExtendedLifetime(slow) {}
  }

  @Test func `an address that has too many loses its own, and others keep theirs`() throws {
    let server = try server {
      $0.connections = 1000
      $0.connectionsPerAddress = 5
    }
    defer { server.stop() }
    let patient = try Client(port: server.port, source: 2)
    let many = try (0..<50).map { _ in try server.client() }
    #expect(eventually { server.onLoop { $0.counters.ended(.address) } == 45 })
    #expect(server.connectionCount == 6)
    try patient.send(request)
    #expect(try patient.response().status == 200)
    try many[49].send(request)
    #expect(try many[49].response().status == 200)
    #expect(try many[0].receiveAll().isEmpty)
    // Those of a proxy are many people's.
    server.onLoop { $0.isProxy = { _ in true } }
    let more = try (0..<50).map { _ in try server.client() }
    #expect(eventually { server.connectionCount == 56 })
    withExtendedLifetime(more) {}
  }

  @Test func `a crowd that comes at once is served, many more than may be open`() throws {
    let server = try server { $0.connections = 100 }
    defer { server.stop() }
    // The loop is held while they come, so that they are accepted all at once.
    let (held, released) = (Channel<Void>(), Channel<Void>())
    let thread = RunningThread { [server = Carried(server)] in
      server.value.onLoop { _ in
        held.send(())
        released.receive()
      }
    }
    held.receive()
    let crowd = try (0..<1000).map { _ in
      let client = try server.client()
      try client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
      return client
    }
    released.send(())
    thread.join()
    for client in crowd { #expect(try client.response().status == 200) }
    #expect(server.onLoop { $0.counters.ended(.total) } == 0)
  }

  @Test(arguments: [
    ("GET / HTTP/1.1\r\nHost: a\r\nX: ", "x"),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n", "x"),
  ])
  func `trickling bytes extends neither the time of a head nor that of a body`(
    beginning: String, more: String
  ) throws {
    let server = try server { $0.requestTime = .seconds(1) }
    defer { server.stop() }
    let client = try server.client()
    let start = ContinuousClock.now
    try client.send(beginning)
    let answer = Channel<(status: Int?, time: Duration)>()
    let reader = RunningThread { [client = Carried(client)] in
      let status = try? client.value.response().status
      answer.send((status, ContinuousClock.now - start))
    }
    // Every 2 ms, until the server is gone: well within any idle time.
    #expect(eventually { (try? client.send(more)) == nil })
    let (status, time) = answer.receive()
    reader.join()
    #expect(status == 408 && time > .seconds(1) && time < .seconds(Client.patience))
    #expect(eventually { server.connectionCount == 0 })
    #expect(server.onLoop { $0.counters.ended(.incomplete) } == 1)
  }

  @Test func `what is counted by address is right however connections end`() throws {
    let server = try server { $0.connectionsPerAddress = 3 }
    defer { server.stop() }
    for round in 0..<200 {
      let client = try server.client()
      switch round % 5 {
      case 0: client.close()
      case 1: client.reset()
      case 2: try client.send("GET / HTTP/1.1\r\n\r\n")
      case 3: try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx")
      default:
        try client.send(request)
        #expect(try client.response().status == 200)
      }
      client.reset()
      // None is there before it is accepted, either.
      #expect(
        eventually {
          server.onLoop { $0.counters.accepted == round + 1 && $0.connectionCount == 0 }
        })
    }
    let three = try (0..<3).map { _ in try server.client() }
    for client in three {
      try client.send(request)
      #expect(try client.response().status == 200)
    }
    #expect(server.onLoop { $0.counters.ended(.address) } == 0)
  }
}
