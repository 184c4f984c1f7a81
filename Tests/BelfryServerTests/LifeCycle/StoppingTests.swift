import BelfryServer
import EventStream
import Hub
import Reactor
import TestSupport
import Testing

/// SIGTERM, on real sockets.
@Suite struct StoppingTests {
  @Test func `listeners are sent away so that they come back evenly`() throws {
    let count = 2000
    let time = Duration.seconds(4)
    let server = try TestServer {
      $0.drainTime = time
      $0.hub.retry = .milliseconds(500)
    }
    let crowd = try Crowd(count, at: server.port)
    try crowd.run { $0.arrivals == count }
    _ = (server.takeLag(), crowd.takeLag())
    server.beginStop()
    try crowd.run { $0.ends.count == count }
    server.join()
    let retries = crowd.ends.map(\.retry)
    #expect(retries.allSatisfy { .milliseconds(250)...(.milliseconds(750)) ~= $0 })
    #expect(Set(retries).count > count / 5)
    // None goes before its turn. A machine that is busy holds up the server, which sends it away, and the
    // crowd, which notes when: those whom either held up come together afterwards.
    let lag = server.lastLag + crowd.takeLag()
    // So many in any tenth of the time.
    let expected = Double(count) * (0.1 + lag / time)
    let returns = crowd.ends.map { $0.moment + UInt64($0.retry / .nanoseconds(1)) }.sorted()
    let tenth = UInt64(time / .nanoseconds(1)) / 10
    var most = 0
    var first = 0
    for (place, moment) in returns.enumerated() {
      while moment - returns[first] >= tenth { first += 1 }
      most = max(most, place - first + 1)
    }
    #expect(Double(most) <= expected * 1.5, "\(most) of \(count) in a tenth, lag \(lag)")
    #expect(server.closed(.drain) == count)
  }

  @Test func `a request on its way is answered, and its connection ends`() throws {
    let server = try TestServer { $0.drainTime = .seconds(20) }
    let asking = try server.client()
    try asking.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(try asking.response()["Connection"] == nil)
    let half = try server.client()
    try half.send("POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nContent-")
    let stream = try server.client()
    let listener = try server.listen()
    server.beginStop()
    #expect(try listener.next() == nil)
    try asking.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
    try half.send("Type: application/x-www-form-urlencoded\r\n\r\nmessage=x")
    try stream.send("GET /stream HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n")
    for (client, status) in [(asking, 200), (half, 204)] {
      let response = try client.response()
      #expect(response.status == status && response["Connection"] == "close")
    }
    #expect(try stream.response().text.contains("event: busy\n"))
    #expect(throws: Client.Failure.self) { try server.client() }
    server.join()
  }

  @Test func `a connection that was idle for long has a second more, too`() throws {
    let server = try TestServer { $0.drainTime = .seconds(20) }
    let asking = try server.client()
    try asking.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(try asking.response().status == 200)
    let idle = ContinuousClock.now + .milliseconds(1100)
    #expect(eventually { ContinuousClock.now > idle })
    let listener = try server.listen()
    server.beginStop()
    #expect(try listener.next() == nil)
    try asking.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(try asking.response().status == 200)
    server.join()
  }

  @Test func `a blocked listener is cut at the end, and a second signal cuts all`() throws {
    let server = try TestServer { $0.drainTime = .milliseconds(200) }
    let blocked = try Listener(port: server.port, receiveBuffer: 4096)
    for _ in 0..<40 {
      let text = String(repeating: "x", count: 20_000)
      #expect(try server.post("/post", "message=\(text)").status == 204)
    }
    server.stop()
    #expect(server.closed(.drain) == 1)
    while try blocked.next() != nil {}
    #expect(!blocked.hasEnded)

    let patient = try TestServer { $0.drainTime = .seconds(3600) }
    let listeners = [try patient.listen(), try patient.listen()]
    patient.beginStop()
    #expect(try listeners[0].next() == nil)
    #expect(listeners[0].hasEnded)
    patient.beginStop()
    patient.join()
    #expect(try listeners[1].next() == nil)
    #expect(!listeners[1].hasEnded)
  }
}

/// Listeners, and when each was sent away.
private final class Crowd {
  private let loop: EventLoop
  private var clients: ClientSet?
  private var tails: [[UInt8]]
  private var failure: (any Error)?
  /// How many streams have begun.
  private(set) var arrivals = 0
  /// When each ended, in nanoseconds, and how long it was told to wait.
  private(set) var ends: [(moment: UInt64, retry: Duration)] = []

  init(_ count: Int, at port: UInt16) throws {
    loop = try EventLoop()
    tails = Array(repeating: [], count: count)
    clients = try ClientSet(
      on: loop, capacity: count,
      onBytes: { [unowned self] token, bytes, _ in
        if tails[token].isEmpty { arrivals += 1 }
        for index in bytes.indices { tails[token].append(bytes[index]) }
      },
      onEnd: { [unowned self] token, _ in end(token) })
    let address = try ClientAddress(resolving: .tcp(host: "127.0.0.1", port: port))
    let request = Array(
      "GET /stream HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n".utf8)
    for token in 0..<count { try clients?.connect(token, to: address, sending: request) }
  }

  private func end(_ token: Int) {
    let text = String(decoding: tails[token], as: UTF8.self)
    guard let last = text.matches(of: /retry: ([0-9]+)\n/).last, let retry = Int(last.1),
      text.hasSuffix("0\r\n\r\n")
    else {
      failure = Client.Failure(description: "a stream ended with \(text.suffix(60))")
      return
    }
    ends.append((MonotonicClock.nanoseconds, .milliseconds(retry)))
  }

  private var lastTick = ContinuousClock.now
  private var lag = Duration.zero

  /// How much later than it ought to be the loop looked at its clock, since this was asked last.
  func takeLag() -> Duration {
    defer { lag = .zero }
    return lag
  }

  /// Turns the loop until `isDone` says so, for at most a client's patience.
  func run(_ isDone: (Crowd) -> Bool) throws {
    let end = ContinuousClock.now + .seconds(Client.patience)
    let interval = Duration.milliseconds(20)
    lastTick = .now
    let ticker = try LoopEvent(on: loop, every: interval) { [unowned self] in
      let now = ContinuousClock.now
      lag = max(lag, now - lastTick - interval)
      lastTick = now
    }
    loop.run {
      if isDone(self) || failure != nil || ContinuousClock.now > end { loop.stop() }
      return false
    }
    withExtendedLifetime(ticker) {}
    if let failure { throw failure }
    #expect(ContinuousClock.now < end)
  }
}
