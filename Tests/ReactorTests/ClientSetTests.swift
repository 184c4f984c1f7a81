import Reactor
import TestSupport
import Testing

/// Clients against a server on another thread, and what they received.
private final class Clients {
  let loop: EventLoop
  private(set) var received: [Int: [UInt8]] = [:]
  private(set) var endings: [Int: ClientSet.Ending] = [:]
  private(set) var set: ClientSet!

  init(_ capacity: Int = 2) throws {
    loop = try EventLoop()
    set = try ClientSet(
      on: loop, capacity: capacity,
      onBytes: { [unowned self] token, bytes, _ in
        received[token, default: []] += bytes.indices.map { bytes[$0] }
      },
      onEnd: { [unowned self] in endings[$0] = $1 })
  }

  /// Turns until `condition` holds, for as long as a client would wait.
  func run(until condition: @escaping () -> Bool) throws -> Bool {
    let end = ContinuousClock.now + .seconds(Client.patience)
    let ticker = try LoopEvent(on: loop, every: .milliseconds(2)) {}
    loop.run { [unowned self] in
      if condition() || ContinuousClock.now > end { loop.stop() }
      return false
    }
    withExtendedLifetime(ticker) {}
    return condition()
  }

  func text(_ token: Int) -> String { String(decoding: received[token] ?? [], as: UTF8.self) }
}

@Suite struct ClientSetTests {
  private let get = Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8)

  private func address(_ port: UInt16) throws -> ClientAddress {
    try ClientAddress(resolving: .tcp(host: "127.0.0.1", port: port))
  }

  @Test func `what is sent is answered, on each connection its own`() throws {
    let server = try HTTPFixture { exchange in
      exchange.respond(HTTPResponse(.ok, body: Array(exchange.request.head.target.utf8)))
    }
    defer { server.stop() }
    let clients = try Clients()
    for token in 0..<2 {
      let request = "GET /\(token) HTTP/1.1\r\nHost: x\r\n\r\n"
      try clients.set.connect(token, to: address(server.port), sending: Array(request.utf8))
    }
    #expect(
      try clients.run {
        clients.text(0).hasSuffix("/0") && clients.text(1).hasSuffix("/1")
      })
    #expect(clients.set.eventCount > 0 && clients.set.eventsBehind == 0)
  }

  @Test func `where nobody listens, the end says so`() throws {
    let clients = try Clients()
    let port = try ReservedPort()
    try? clients.set.connect(0, to: address(port.number), sending: get)
    #expect(try clients.run { clients.endings[0] != nil })
    withExtendedLifetime(port) {}
    #expect(clients.endings[0]?.isRefusal == true && !clients.set.isOpen(0))
  }

  @Test func `who is paused receives when it reads again`() throws {
    let server = try HTTPFixture { $0.respond(HTTPResponse(.ok, body: Array("well".utf8))) }
    defer { server.stop() }
    let clients = try Clients()
    try clients.set.connect(0, to: address(server.port), sending: [])
    try clients.set.pause(0)
    clients.set.send(0, get)
    try clients.set.connect(1, to: address(server.port), sending: get)
    #expect(try clients.run { clients.text(1).hasSuffix("well") })
    #expect(clients.received[0] == nil)
    try clients.set.resume(0)
    #expect(try clients.run { clients.text(0).hasSuffix("well") })
  }
}

@Suite struct SpanMatchingTests {
  private let bytes = Array("hello world".utf8)
  private let other = Array("a world!".utf8)

  private func matches(_ range: Range<Int>, from start: Int) -> Bool {
    bytes.span.matches(other, range, from: start)
  }

  @Test func `bytes match a stretch of others, or not`() {
    #expect(matches(2..<7, from: 6))
    #expect(!matches(2..<8, from: 6))
    #expect(!matches(2..<7, from: 5))
    #expect(matches(3..<3, from: 11))
  }
}

@Suite struct ClientAddressTests {
  @Test func `a name has all its addresses, each with its number`() throws {
    let all = try ClientAddress.all(resolving: .tcp(host: "localhost", port: 80))
    #expect(all.map(\.description).contains("127.0.0.1:80"))
    #expect(throws: ReactorError.self) {
      try ClientAddress(resolving: .tcp(host: "no.such.name.invalid", port: 80))
    }
  }

  @Test func `it is known whether somebody takes connections`() throws {
    let server = try HTTPFixture { $0.respond(HTTPResponse(.ok)) }
    let address = try ClientAddress(resolving: .tcp(host: "127.0.0.1", port: server.port))
    #expect(address.isAnswered(within: .seconds(Client.patience)))
    #expect(ReservedPort.isTaken(server.port))
    server.stop()
    #expect(!address.isAnswered(within: .seconds(Client.patience)))
    #expect(!ReservedPort.isTaken(server.port))
  }
}

@Suite struct PreciseTimerTests {
  @Test func `it fires when its moment has come, not before`() throws {
    let loop = try EventLoop()
    let due = MonotonicClock.nanoseconds + 3_000_000
    var fired: UInt64 = 0
    let timer = try PreciseTimer(on: loop) {
      fired = MonotonicClock.nanoseconds
      loop.stop()
    }
    timer.set(at: due)
    loop.run { false }
    #expect(fired >= due)
  }
}
