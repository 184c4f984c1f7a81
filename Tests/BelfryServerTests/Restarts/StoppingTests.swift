import BelfryServer
import EventStream
import Hub
import Reactor
import TestSupport
import Testing

/// SIGTERM, on real sockets.
@Suite struct StoppingTests {
  @Test func `listeners that are sent away come back evenly`() throws {
    let count = 2000
    let time = Duration.seconds(4)
    func server() throws -> TestServer {
      try TestServer {
        $0.drainTime = time
        $0.hub.retry = .milliseconds(500)
      }
    }
    let old = try server()
    let new = try server()
    defer { new.stop(cutting: true) }
    let crowd = try Crowd(count, from: old.port, to: new.port)
    try crowd.run { crowd in
      if crowd.arrivals == count, crowd.returns.isEmpty, !crowd.isLeaving {
        crowd.isLeaving = true
        _ = (old.takeLag(), new.takeLag(), crowd.takeLag())
        old.beginStop()
      }
      return crowd.returns.count == count
    }
    old.join()
    #expect(crowd.retries.allSatisfy { 250...750 ~= $0 })
    #expect(Set(crowd.retries).count > count / 5)
    // Those whom a busy machine held up come together afterwards.
    let lag = old.lastLag + new.takeLag() + crowd.takeLag()
    // Sorted by nature: so many in any tenth of the time.
    let tenth = UInt64(time / .nanoseconds(1)) / 10
    let expected = Double(count) * (0.1 + lag / time)
    var most = 0
    var first = 0
    for (place, moment) in crowd.returns.enumerated() {
      while moment - crowd.returns[first] >= tenth { first += 1 }
      most = max(most, place - first + 1)
    }
    #expect(Double(most) <= expected * 1.5, "\(most) of \(count) in a tenth, lag \(lag)")
    #expect(old.closed(.drain) == count)
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

/// Listeners that come back as browsers do: after the time they were last told.
private final class Crowd {
  private let loop: EventLoop
  private var clients: ClientSet?
  private let old: ClientAddress
  private let new: ClientAddress
  private let request = Array(
    "GET /stream HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n".utf8)
  private var tails: [[UInt8]]
  private var waits: [Int: Event] = [:]
  private var hasLeft: [Bool]
  private var hasArrived: [Bool]
  private var failure: (any Error)?
  /// How many streams have begun at the old server.
  private(set) var arrivals = 0
  var isLeaving = false
  /// What each was told to wait, in milliseconds.
  private(set) var retries: [Int] = []
  /// When each had its first bytes of the new server, in nanoseconds.
  private(set) var returns: [UInt64] = []

  init(_ count: Int, from old: UInt16, to new: UInt16) throws {
    loop = try EventLoop()
    self.old = try ClientAddress(resolving: .tcp(host: "127.0.0.1", port: old))
    self.new = try ClientAddress(resolving: .tcp(host: "127.0.0.1", port: new))
    tails = Array(repeating: [], count: count)
    hasLeft = Array(repeating: false, count: count)
    hasArrived = hasLeft
    clients = try ClientSet(
      on: loop, capacity: count,
      onBytes: { [unowned self] token, bytes, moment in
        var tail = tails[token]
        for index in bytes.indices { tail.append(bytes[index]) }
        tails[token] = tail
        guard !hasArrived[token] else { return }
        hasArrived[token] = true
        if hasLeft[token] { returns.append(moment) } else { arrivals += 1 }
      },
      onEnd: { [unowned self] token, _ in comeBack(token) })
    for token in 0..<count { try clients?.connect(token, to: self.old, sending: request) }
  }

  private func comeBack(_ token: Int) {
    let text = String(decoding: tails[token], as: UTF8.self)
    guard !hasLeft[token], let last = text.matches(of: /retry: ([0-9]+)\n/).last,
      let retry = Int(last.1), text.hasSuffix("0\r\n\r\n")
    else {
      failure = Client.Failure(description: "a stream ended with \(text.suffix(60))")
      return
    }
    hasLeft[token] = true
    hasArrived[token] = false
    retries.append(retry)
    waits[token] = try? Event(on: loop, after: .milliseconds(retry)) { [unowned self] in
      do {
        try clients?.connect(token, to: new, sending: request)
      } catch {
        failure = error
      }
    }
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
    let ticker = try Event(on: loop, every: interval) { [unowned self] in
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
