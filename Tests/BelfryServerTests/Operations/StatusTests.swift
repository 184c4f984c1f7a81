import BelfryServer
import EventStream
import Events
import Foundation
import Hub
import Limits
import Reactor
import TestSupport
import Testing

/// The status page's stream, over real sockets.
@Suite struct StatusTests {
  private func server(_ change: (inout ServerSettings) -> Void = { _ in }) throws -> TestServer {
    try TestServer {
      $0.adminListen = [.tcp(host: "127.0.0.1", port: 0)]
      change(&$0)
    }
  }

  private func watch(_ server: TestServer, _ headers: String...) throws -> Listener {
    try Listener(port: server.adminPort, "/status/stream", headers)
  }

  private func get(
    _ server: TestServer, _ target: String, _ headers: String..., method: String = "GET"
  ) throws -> Response {
    let client = try server.adminClient()
    let fields = headers.map { "\($0)\r\n" }.joined()
    try client.send("\(method) \(target) HTTP/1.1\r\nHost: test\r\n\(fields)\r\n")
    return try client.response(toHead: method == "HEAD")
  }

  /// Reads events until one satisfies the test.
  private func figures(
    _ watcher: Listener, until isAwaited: (Figures) -> Bool = { _ in true }
  ) throws -> Figures {
    for _ in 0..<20 {
      let figures = try Figures(try #require(try watcher.next()))
      if isAwaited(figures) { return figures }
    }
    throw Client.Failure(description: "twenty events, and none of them was it")
  }

  /// An event's data.
  private struct Figures {
    let values: [String: Any]

    init(_ event: DecodedEvent) throws {
      let object = try JSONSerialization.jsonObject(with: Data(event.data.utf8))
      values = try #require(object as? [String: Any])
    }

    func number(_ name: String) -> Double? { (values[name] as? NSNumber)?.doubleValue }
    func isTrue(_ name: String) -> Bool { (values[name] as? NSNumber)?.boolValue ?? false }

    func count(_ ledger: String, _ reason: String) -> Int? {
      (values[ledger] as? [String: NSNumber])?[reason]?.intValue
    }
  }

  @Test func `a page that opens is told of the last seconds, and then of each`() throws {
    let server = try server()
    defer { server.stop() }
    let first = try watch(server)
    let events = try (0..<3).map { _ in try #require(try first.next()) }
    #expect(events.map { EventID($0.lastEventID)?.number } == [1, 2, 3])
    let second = try watch(server)
    let replayed = try (0..<3).map { _ in try #require(try second.next()) }
    #expect(replayed == events)
    let back = try watch(server, "Last-Event-ID: \(events[1].lastEventID)")
    #expect(try back.next() == events[2])
    let next = try #require(try back.next())
    #expect(EventID(next.lastEventID)?.number == 4)
    let times = try events.map { event in
      let figures = try Figures(event)
      return try #require(figures.number("uptime"))
    }
    #expect(times[0] < times[1] && times[1] < times[2])
  }

  @Test func `a page of an earlier server gets a gap and all there is`() throws {
    let server = try server()
    defer { server.stop() }
    let first = try #require(try watch(server).next())
    let stranger = try watch(server, "Last-Event-ID: other-70")
    let gap = try #require(try stranger.next())
    #expect(gap.type == "gap" && gap.data.contains(#""reason":"restarted""#))
    #expect(try stranger.next() == first)
  }

  @Test func `the figures are the server's`() throws {
    let server = try server { $0.admission.listeners = 2 }
    defer { server.stop() }
    let watcher = try watch(server)
    let listeners = try (0..<2).map { _ in try server.listen() }
    #expect(try server.get("/stream").status == 503)
    for text in ["one", "two", "three"] { _ = try server.post("/post", "message=\(text)") }
    for listener in listeners { _ = try listener.texts(3) }
    let busy = try figures(watcher) {
      $0.number("listeners") == 2 && $0.number("delivered") == 6 && $0.number("memory") != nil
    }
    #expect(busy.number("published") == 3 && busy.number("opened") == 2)
    #expect(busy.number("withoutId") == 0)
    #expect(busy.number("rooms") == 1 && busy.number("messages") == 3)
    #expect(busy.isTrue("up") && busy.isTrue("full") && !busy.isTrue("draining"))
    #expect(busy.values["backplane"] as? String == "local")
    #expect(busy.count("refused", "listeners") == 1 && busy.count("closed", "client") == 0)
    let memory = try #require(busy.number("memory"))
    #expect(memory > 1_000_000)
    let descriptors = try #require(busy.number("descriptors"))
    let limit = try #require(busy.number("descriptorLimit"))
    #expect(descriptors > 5 && descriptors < limit)
    for listener in listeners { listener.close() }
    let quiet = try figures(watcher) { $0.number("listeners") == 0 }
    #expect(quiet.count("closed", "client") == 2 && !quiet.isTrue("full"))
    #expect(
      Set(quiet.values.keys).isSuperset(of: ["behind", "lag", "p50", "p99", "cpu", "gaps", "ended"])
    )
  }

  @Test func `who watches is no listener`() throws {
    let server = try server { $0.admission.listeners = 1 }
    defer { server.stop() }
    let watchers = try (0..<3).map { _ in try watch(server) }
    for watcher in watchers { #expect(try figures(watcher).number("listeners") == 0) }
    let counters = server.counters
    #expect(counters.listeners == 0 && counters.opened == 0 && counters.rooms == 0)
    #expect(try server.listen().response["Transfer-Encoding"] == "chunked")
  }

  @Test func `one page too many is told to come back, a program is refused`() throws {
    let server = try server()
    defer { server.stop() }
    let watchers = try (0..<20).map { _ in try watch(server) }
    let browser = try get(server, "/status/stream", "Accept: text/event-stream")
    #expect(browser.status == 200 && browser.text.contains("event: busy\n"))
    let program = try get(server, "/status/stream")
    #expect(program.status == 503 && program["Retry-After"] == "5")
    watchers[0].close()
    #expect(
      eventually { (try? watch(server))?.response["Transfer-Encoding"] == "chunked" })
  }

  @Test func `who watches sees a server stop to its end`() throws {
    let server = try server { $0.drainTime = .seconds(4) }
    let watcher = try watch(server)
    let listeners = try (0..<2).map { _ in try server.listen() }
    _ = try figures(watcher) { $0.number("listeners") == 2 }
    server.beginStop()
    let stopping = try figures(watcher) { $0.isTrue("draining") }
    let left = try #require(stopping.number("listeners"))
    #expect(left <= 1)
    while try watcher.next() != nil {}
    #expect(watcher.hasEnded && watcher.retry == .seconds(1))
    #expect(try listeners[0].next() == nil)
    server.join()
  }

  @Test func `who watches is sent to the successor`() throws {
    let program = try ProgramTests.Program(
      ProgramTests.anyPort + ["--admin-listen", "127.0.0.1:0", "--takeover-time", "1s"])
    let port = try program.adminPort()
    let watcher = try Listener(port: port, "/status/stream")
    let last = try #require(try watcher.next()).lastEventID
    let successor = try Successor(of: program, signalling: program.process.processIdentifier)
    while try watcher.next() != nil {}
    #expect(watcher.hasEnded)
    let back = try Listener(port: port, "/status/stream", ["Last-Event-ID: \(last)"])
    #expect(try back.next()?.type == "gap")
    #expect(try figures(back).number("listeners") == 0)
    try successor.stop()
  }

  @Test func `the page and its files come from the operators' side alone`() throws {
    let server = try server()
    defer { server.stop() }
    let page = try get(server, "/status")
    #expect(page.status == 200 && page["Content-Type"] == "text/html; charset=utf-8")
    let policy = try #require(page["Content-Security-Policy"])
    #expect(policy.contains("default-src 'none'") && policy.contains("connect-src 'self'"))
    for (name, type) in [
      ("status.js", "text/javascript"), ("status.css", "text/css"), ("favicon.svg", "image/svg"),
    ] {
      #expect(page.text.contains("\"status/\(name)\""))
      let file = try get(server, "/status/\(name)")
      #expect(file.status == 200 && file["Content-Type"]?.hasPrefix(type) == true)
      let tag = try #require(file["ETag"])
      #expect(try get(server, "/status/\(name)", "If-None-Match: \(tag)").status == 304)
      #expect(try server.get("/status/\(name)").status == 404)
    }
    let script = try get(server, "/status/status.js").text
    let imports = script.matches(of: /from '\.\/(.*)'/)
    #expect(imports.count > 3)
    for name in imports.map(\.1) {
      #expect(try get(server, "/status/\(name)").status == 200)
    }
    #expect(try get(server, "/status/nothing").status == 404)
    #expect(try get(server, "/")["Location"] == "status")
    let head = try get(server, "/status/stream", method: "HEAD")
    #expect(head.status == 200 && head["Content-Type"] == "text/event-stream; charset=utf-8")
    #expect(try get(server, "/status", method: "POST").status == 405)
    #expect(try server.get("/status/stream").status == 404)
  }
}
