import BelfryServer
import EventStream
import Hub
import Limits
import Reactor
import TestSupport
import Testing

/// Limits on who may listen and post, on real sockets.
@Suite struct LimitsTests {
  @Test func `five hundred who say nothing leave the chat usable, where three hundred may be`()
    throws
  {
    let server = try TestServer { $0.http.connections = 300 }
    defer { server.stop() }
    let silent = try (0..<500).map { _ in try server.client() }
    #expect(eventually { server.admission.connections.accepted == 500 })
    #expect(server.admission.connections.open == 300)
    #expect(server.admission.connections.ended(.total) == 200)

    #expect(try server.get("/").status == 302)
    let cookie = try server.signIn("Ann")
    let page = try server.get("/", cookie)
    #expect(page.status == 200 && page.text.contains("Ann"))
    let listener = try server.listen("/stream", "Accept: text/event-stream", cookie)
    #expect(listener.response.status == 200)
    #expect(try server.post("/post", "message=hello", cookie).status == 204)
    #expect(try listener.texts(1)[0].hasSuffix("] Ann: hello"))
    withExtendedLifetime(silent) {}
  }

  @Test func `so it is when half a request comes from each, and more come all the time`() throws {
    let server = try TestServer { $0.http.connections = 300 }
    defer { server.stop() }
    var silent: [Client] = []
    func flood() throws {
      for number in 0..<500 {
        let client = try server.client()
        if number % 2 == 0 { try client.send("POST /post HTTP/1.1\r\nHost: a\r\n") }
        silent.append(client)
      }
    }
    try flood()
    let listener = try server.listen("/stream", "Accept: text/event-stream")
    for number in 0..<5 {
      try flood()
      #expect(try server.post("/post", "message=\(number)").status == 204)
      #expect(try listener.texts(1)[0].hasSuffix(": \(number)"))
    }
  }

  @Test func `an address has as many listeners as it may, and is told so in a way it can use`()
    throws
  {
    let server = try TestServer { $0.admission.listenersPerAddress = 2 }
    defer { server.stop() }
    let two = try (0..<2).map { _ in try server.listen() }
    let program = try server.get("/stream")
    #expect(program.status == 429 && program["Retry-After"] == "5")
    let browser = try server.get("/stream", "Accept: text/event-stream")
    #expect(browser.status == 200 && browser["Connection"] == "close")
    #expect(browser["Content-Type"]?.hasPrefix("text/event-stream") == true)
    let busy = try #require(
      browser.text.wholeMatch(of: /retry: (\d+)\nevent: busy\ndata: [^\n]+\n\n/))
    #expect((2500...7500).contains(try #require(Int(busy.1))))
    // Others are not concerned, and a place left is a place free.
    let other = try Listener(port: server.port, source: 2)
    #expect(other.response.status == 200)
    two[0].close()
    #expect(eventually { server.counters.listeners == 2 })
    #expect(try server.listen().response.status == 200)
    #expect(server.admission.refused(.listenersOfAddress) == 2)
    withExtendedLifetime(two) {}
  }

  @Test func `an address' count is exact however its streams end`() throws {
    let server = try TestServer {
      $0.admission.listenersPerAddress = 8
      $0.hub.listenerLagBytes = 200_000
      $0.hub.listenerLag = .seconds(1)
    }
    defer { server.stop() }
    var stalled: [Listener] = []
    for round in 0..<4 {
      let listeners = try (0..<6).map { _ in try server.listen() }
      stalled += try (0..<2).map { _ in try Listener(port: server.port, receiveBuffer: 4096) }
      #expect(try server.get("/stream").status == 429)
      listeners[0].close()
      listeners[1].reset()
      listeners[2].shutdownWriting()
      try listeners[3].send([UInt8](repeating: 120, count: 100_000))
      listeners[3].close()
      // The last two read to the end; those that don't are closed.
      let publisher = try server.client()
      for number in 0..<60 {
        let body = "message=\(number)" + String(repeating: "x", count: 20_000)
        try publisher.send(
          "POST /post HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\r\n" + body)
        #expect(try publisher.response().status == 204)
        for listener in listeners[4...] { _ = try listener.next() }
      }
      for listener in listeners[4...] { listener.reset() }
      #expect(eventually { server.counters.listeners == 0 }, "round \(round)")
      let counters = server.counters
      #expect(counters.closed(.lag) + counters.closed(.slow) == 2 * (round + 1))
    }
    // Were one counted too many, the eighth would be refused; one too few, the ninth taken.
    let eight = try (0..<8).map { _ in try server.listen() }
    #expect(eight.allSatisfy { $0.response.status == 200 })
    #expect(try server.get("/stream").status == 429)
  }

  @Test func `who posts too fast is told when to come again, and others may post`() throws {
    let server = try TestServer { $0.admission.postRate = Rate(3, per: .seconds(3600)) }
    defer { server.stop() }
    let listener = try server.listen()
    for _ in 0..<3 { #expect(try server.post("/post", "message=x").status == 204) }
    let refused = try server.post("/post", "message=y")
    #expect(refused.status == 429 && refused.text.contains("rate limit exceeded for this"))
    #expect((1190...1200).contains(try #require(refused["Retry-After"].flatMap { Int($0) })))
    func post(_ form: String, _ headers: [String] = [], source: UInt8) throws -> Int {
      try server.answer(
        "POST", "/post", ["Content-Type: application/x-www-form-urlencoded"] + headers,
        body: Array(form.utf8), source: source
      ).status
    }
    #expect(try post("message=z", source: 2) == 204)
    #expect(try listener.texts(4).map { $0.suffix(1) } == ["x", "x", "x", "z"])
    // A name has a rate of its own, wherever it posts from; what is no message costs nothing.
    let cookie = [try server.signIn("Ann")]
    for source: UInt8 in 3..<6 { #expect(try post("message=x", cookie, source: source) == 204) }
    #expect(try post("message=x", cookie, source: 6) == 429)
    for _ in 0..<5 { #expect(try post("", source: 6) == 400) }
    for _ in 0..<3 { #expect(try post("message=x", source: 6) == 204) }
    #expect(server.admission.refused(.postsOfAddress) == 1)
    #expect(server.admission.refused(.postsOfName) == 1)
  }

  @Test func `an address creates so many rooms, and others create theirs`() throws {
    let server = try TestServer { $0.admission.newNamesRate = Rate(4, per: .seconds(3600)) }
    defer { server.stop() }
    func post(_ room: String, source: UInt8 = 1) throws -> Response {
      try server.answer(
        "POST", "/post", ["Content-Type: application/x-www-form-urlencoded"],
        body: Array("message=x&room=\(room)".utf8), source: source)
    }
    let listener = try server.listen("/stream?room=a&room=b")
    #expect(try post("c").status == 204)
    // As a whole: one is left, the stream would take two.
    let program = try server.get("/stream?room=d&room=e")
    #expect(program.status == 429 && program.text.contains("rate limit of new rooms"))
    #expect((890...900).contains(try #require(program["Retry-After"].flatMap { Int($0) })))
    let browser = try server.get("/stream?room=d&room=e", "Accept: text/event-stream")
    #expect(browser.status == 200 && browser["Connection"] == "close")
    let busy = try #require(
      browser.text.wholeMatch(of: /retry: (\d+)\nevent: busy\ndata: [^\n]+\n\n/))
    #expect((890_000...900_000).contains(try #require(Int(busy.1))))
    #expect(server.counters.rooms == 3)
    // What is held costs nothing.
    #expect(try server.listen("/stream?room=a&room=c").response.status == 200)
    for _ in 0..<5 { #expect(try post("a").status == 204) }
    #expect(try listener.texts(5).count == 5)
    #expect(try post("d").status == 204)
    let refused = try post("e")
    #expect(refused.status == 429 && refused["Retry-After"] != nil)
    #expect(server.counters.rooms == 4)
    #expect(try post("e", source: 2).status == 204)
    #expect(server.admission.refused(.newNames) == 3)
    #expect(server.admission.refused(.postsOfAddress) == 0)
  }

  @Test func `a stream that is refused for another reason pays for no room`() throws {
    let server = try TestServer {
      $0.admission.newNamesRate = Rate(2, per: .seconds(3600))
      $0.admission.listeners = 1
    }
    defer { server.stop() }
    let listener = try server.listen("/stream?room=a")
    for _ in 0..<5 { #expect(try server.get("/stream?room=b").status == 503) }
    listener.close()
    #expect(eventually { server.counters.listeners == 0 })
    #expect(try server.listen("/stream?room=c").response.status == 200)
    #expect(server.admission.refused(.newNames) == 0)
    #expect(server.admission.refused(.listeners) == 5)
  }

  @Test func `a room that keeps no history is not new with each message`() throws {
    let server = try TestServer {
      $0.admission.newNamesRate = Rate(1, per: .seconds(3600))
      $0.hub.historyCount = 0
    }
    defer { server.stop() }
    for _ in 0..<5 { #expect(try server.post("/post", "message=x&room=a").status == 204) }
    #expect(try server.post("/post", "message=x&room=b").status == 429)
  }

  @Test func `a trusted proxy's clients create rooms each for itself`() throws {
    let server = try TestServer {
      $0.admission.newNamesRate = Rate(1, per: .seconds(3600))
      $0.trustedProxies = try! TrustedProxies(["127.0.0.1"])
    }
    defer { server.stop() }
    func post(_ room: String, for client: String) throws -> Int {
      try server.post("/post", "message=x&room=\(room)", "X-Forwarded-For: \(client)").status
    }
    #expect(try post("a", for: "192.0.2.1") == 204)
    #expect(try post("b", for: "192.0.2.1") == 429)
    #expect(try post("b", for: "192.0.2.2") == 204)
  }

  @Test func `a bucket fills again`() throws {
    let server = try TestServer { $0.admission.postRate = Rate(1, per: .milliseconds(200)) }
    defer { server.stop() }
    #expect(try server.post("/post", "message=x").status == 204)
    #expect(try eventually { try server.post("/post", "message=y").status == 204 })
  }

  @Test func `heads and bodies have their bounds`() throws {
    let server = try TestServer {
      $0.http.headBytes = 2000
      $0.maximumMessage = 100
    }
    defer { server.stop() }
    let long = String(repeating: "x", count: 2000)
    #expect(try server.get("/\(long)").status == 414)
    #expect(try server.get("/", "X: \(long)").status == 431)
    #expect(try server.post("/post", "message=\(long)").status == 413)
    let body = String(repeating: "x", count: 3 * 100 + 16 << 10 + 1)
    #expect(try server.post("/post", body).status == 413)
    #expect(server.admission.connections.ended(.malformed) >= 2)
  }
}
