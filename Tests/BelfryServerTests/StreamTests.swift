import BelfryServer
import EventStream
import Events
import Glibc
import Hub
import Limits
import Reactor
import TestSupport
import Testing

@Suite struct StreamTests {
  @Test func `a stream opens at once, with the headers that browsers and proxies need`() throws {
    let server = try TestServer()
    defer { server.stop() }
    let listener = try server.listen()
    let head = listener.response
    #expect(head.head.hasPrefix("HTTP/1.1 200 OK\r\n"))
    #expect(head["Content-Type"] == "text/event-stream; charset=utf-8")
    #expect(head["Cache-Control"] == "no-store, no-transform")
    #expect(head["X-Accel-Buffering"] == "no")
    #expect(head["Content-Encoding"] == "identity")
    #expect(head["Connection"] == "close")
    #expect(head["Transfer-Encoding"] == "chunked")
    #expect(try EventID(listener.openingID())?.number == 0)
    #expect(listener.comments == 1 && listener.retry == .seconds(2))
  }

  @Test func `HTTP 1.0 gets the bare bytes until the end`() throws {
    let server = try TestServer()
    let listener = try Listener(port: server.port, version: "HTTP/1.0")
    let kept = try Listener(
      port: server.port, "/stream", ["Connection: keep-alive"], version: "HTTP/1.0")
    for stream in [listener, kept] {
      #expect(stream.response["Transfer-Encoding"] == nil)
      #expect(stream.response["Content-Length"] == nil)
      #expect(stream.response["Connection"] == "close")
    }
    _ = try server.post("/post", "message=x")
    #expect(try listener.texts(1)[0].hasSuffix(": x"))
    server.stop()
    #expect(try listener.next() == nil)
  }

  @Test func `a stream of JSON has the fields of each event`() throws {
    let server = try TestServer()
    defer { server.stop() }
    let json = try server.listen("/stream?room=a&format=json")
    let text = try server.listen("/stream?room=a&format=text")
    let session = try server.signIn("Ann")
    _ = try server.post("/post", "message=hello&room=a&key=k1", session)
    let event = try #require(try json.texts(1).first)
    let fields = #""id":"[^"]+-1","room":"a","type":"message","time":"20[0-9T:.-]+Z""#
    let sender = #""sender":\{"name":"Ann","id":"[A-Za-z0-9_-]{16}"\},"key":"k1","text":"hello""#
    #expect(try event.wholeMatch(of: Regex(#"\{\#(fields),\#(sender)\}"#)) != nil, "\(event)")
    #expect(try text.texts(1)[0].hasSuffix("] Ann: hello"))
    for query in ["format=xml", "format=", "format=json&format=json"] {
      #expect(try server.get("/stream?\(query)").status == 400)
    }
  }

  @Test func `a stream follows the rooms it names`() throws {
    let server = try TestServer()
    defer { server.stop() }
    let both = try server.listen("/stream?room=a&room=b&room=a")
    let one = try server.listen("/stream?room=b")
    _ = try server.post("/post", "message=1&room=a")
    _ = try server.post("/post", "message=2&room=c")
    _ = try server.post("/post", "message=3&room=b")
    #expect(try both.texts(2).map { $0.suffix(1) } == ["1", "3"])
    #expect(try one.texts(1).map { $0.suffix(1) } == ["3"])
    let many = (0..<64).map { "room=r\($0)" }.joined(separator: "&")
    #expect(try server.listen("/stream?\(many)").response.status == 200)
    #expect(try server.get("/stream?\(many)&room=r64").status == 400)
    #expect(try server.get("/stream?room=a/b").status == 400)
    #expect(try server.get("/stream?room=").status == 400)
  }

  @Test func `a stream may be asked for behind another request`() throws {
    let server = try TestServer()
    defer { server.stop() }
    let client = try Client(port: server.port)
    try client.send(
      "GET /login HTTP/1.1\r\nHost: a\r\n\r\nGET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(try client.response().status == 200)
    _ = try client.receive(until: "retry: ")
    #expect(server.counters.listeners == 1)
  }

  @Test func `rooms that don't exist are 404`() throws {
    let server = try TestServer { $0.rooms = RoomRules([RoomPattern("chat")!]) }
    defer { server.stop() }
    #expect(try server.get("/stream?room=other").status == 404)
    #expect(try server.listen().response.status == 200)
  }

  @Test func `a last id replays what came after it, the header before the query`() throws {
    let server = try TestServer()
    defer { server.stop() }
    let first = try server.listen()
    for number in 1...5 { _ = try server.post("/post", "message=\(number)") }
    let ids = try (1...5).map { _ in try #require(try first.next()).lastEventID }
    let header = try server.listen("/stream?last_event_id=\(ids[0])", "Last-Event-ID: \(ids[2])")
    #expect(try header.openingID() == ids[2])
    #expect(try header.texts(2).map { $0.suffix(1) } == ["4", "5"])
    let query = try server.listen("/stream?last_event_id=\(ids[3])")
    #expect(try query.texts(1).map { $0.suffix(1) } == ["5"])
    let gap = try #require(try server.listen("/stream?last_event_id=other-3").next())
    #expect(gap.type == "gap")
    #expect(
      gap.data
        == #"{"room":"chat","after":"other-3","oldest":"\#(ids[0])","reason":"restarted"}"#)
  }

  @Test func `HEAD has a stream's head and does not subscribe`() throws {
    let server = try TestServer()
    defer { server.stop() }
    let head = try server.answer("HEAD", "/stream")
    #expect(head.status == 200 && head["Content-Type"] == "text/event-stream; charset=utf-8")
    #expect(head["Content-Length"] == nil)
    #expect(server.counters.opened == 0)
  }

  @Test func `other origins may listen when they are named`() throws {
    let server = try TestServer { $0.origins = ["https://friend.example"] }
    defer { server.stop() }
    let friend = try server.listen("/stream", "Origin: https://friend.example").response
    #expect(friend["Access-Control-Allow-Origin"] == "https://friend.example")
    #expect(friend["Access-Control-Allow-Credentials"] == "true")
    #expect(friend["Vary"] == "Origin")
    let stranger = try server.listen("/stream", "Origin: https://stranger.example").response
    #expect(stranger["Access-Control-Allow-Origin"] == nil && stranger["Vary"] == "Origin")
  }

  @Test func `over the limit a browser is told to come back, and a program is refused`() throws {
    let server = try TestServer { $0.admission.listeners = 1 }
    defer { server.stop() }
    let first = try server.listen()
    let browser = try server.get("/stream", "Accept: text/event-stream")
    #expect(browser.status == 200 && browser.text.contains("event: busy\n"))
    #expect(browser.text.contains("retry: ") && !browser.text.contains("id:"))
    let program = try server.get("/stream")
    #expect(program.status == 503 && program["Retry-After"] != nil)
    first.close()
    #expect(eventually { server.counters.listeners == 0 })
    #expect(try server.listen().response["Transfer-Encoding"] == "chunked")
  }

  @Test func `a thousand listeners get a hundred messages, each once and in order`() throws {
    let server = try TestServer()
    defer { server.stop() }
    let listeners = try (0..<1000).map { _ in try server.listen() }
    let publisher = try server.client()
    for number in 0..<100 {
      let body = "message=\(number)"
      try publisher.send(
        "POST /post HTTP/1.1\r\nHost: test\r\nContent-Type: application/x-www-form-urlencoded\r\n"
          + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
      #expect(try publisher.response().status == 204)
    }
    for listener in listeners {
      let numbers = try listener.texts(100).map { $0.split(separator: " ").last.map(String.init) }
      #expect(numbers == (0..<100).map(String.init))
    }
    let counters = server.counters
    #expect(counters.listeners == 1000 && counters.delivered == 100_000)
  }

  @Test func `listeners that go away in any way, in the midst of messages, are counted out`()
    throws
  {
    let server = try TestServer()
    defer { server.stop() }
    let stays = try server.listen()
    var listeners = try (0..<90).map { _ in try server.listen() }
    for number in 0..<30 {
      _ = try server.post("/post", "message=\(number)")
      listeners.removeLast().close()
      listeners.removeLast().reset()
      let half = listeners.removeLast()
      half.shutdownWriting()
      while try half.next() != nil {}
    }
    #expect(eventually { server.counters.listeners == 1 })
    #expect(server.counters.closed(.client) == 90)
    #expect(try stays.texts(30).map { $0.split(separator: " ").last } == (0..<30).map { "\($0)" })
  }

  @Test func `what a client sends on its stream is not read`() throws {
    let server = try TestServer()
    defer { server.stop() }
    let listener = try server.listen()
    try listener.send([UInt8](repeating: 120, count: 10_000))
    _ = try server.post("/post", "message=x")
    #expect(try listener.texts(1)[0].hasSuffix(": x"))
    listener.close()
    #expect(eventually { server.counters.listeners == 0 })
  }

  @Test func `silent streams get comments`() throws {
    let server = try TestServer { $0.hub.heartbeat = .milliseconds(200) }
    defer { server.stop() }
    let listener = try server.listen()
    #expect(eventually { server.counters.heartbeats >= 3 })
    _ = try server.post("/post", "message=x")
    _ = try listener.texts(1)
    #expect(listener.comments >= 3)
  }

  @Test func `stopping ends streams with the last chunk`() throws {
    let server = try TestServer()
    let listener = try server.listen()
    _ = try server.post("/post", "message=x")
    try listener.send([120, 120, 120])
    server.beginStop()
    #expect(try listener.texts(1)[0].hasSuffix(": x"))
    #expect(try listener.next() == nil)
    #expect(listener.hasEnded)
    #expect(try #require(listener.retry) >= .seconds(1))
    server.join()
  }

  @Test func `a Unix socket takes the place of a dead server's, not of a living one's`() throws {
    let path = "/tmp/belfry-test-\(UInt64.random(in: 0...UInt64.max)).sock"
    let server = try TestServer { $0.listen.append(.unix(path: path)) }
    let client = try Client(path: path)
    try client.send("GET /login HTTP/1.1\r\nHost: test\r\n\r\n")
    #expect(try client.response().status == 200)
    #expect(throws: ReactorError.self) {
      try TestServer { $0.listen = [.unix(path: path)] }
    }
    server.stop()
    #expect(throws: (any Error).self) { try Client(path: path) }
    unsafe #expect(access(path, F_OK) != 0)
  }

  @Test func `a path that is no socket is left as it is`() throws {
    let path = "/tmp/belfry-test-\(UInt64.random(in: 0...UInt64.max))"
    let file = unsafe try #require(unsafe fopen(path, "w"))
    unsafe fputs("precious", file)
    unsafe fclose(file)
    let link = path + ".link"
    unsafe symlink(path, link)
    for path in [path, link] {
      #expect(throws: ReactorError.self) { try TestServer { $0.listen = [.unix(path: path)] } }
    }
    #expect(try File.read(path) == Array("precious".utf8))
    unsafe unlink(link)
    unsafe unlink(path)
  }

  @Test func `stopping leaves a path alone that is another's by now`() throws {
    let path = "/tmp/belfry-test-\(UInt64.random(in: 0...UInt64.max)).sock"
    let first = try TestServer { $0.listen = [.unix(path: path)] }
    unsafe unlink(path)
    let second = try TestServer { $0.listen = [.unix(path: path)] }
    first.stop()
    let client = try Client(path: path)
    try client.send("GET /login HTTP/1.1\r\nHost: test\r\n\r\n")
    #expect(try client.response().status == 200)
    second.stop()
  }

  @Test func `IPv6 is listened on`() throws {
    let server = try TestServer { $0.listen.append(.tcp(host: "::1", port: 0)) }
    defer { server.stop() }
    let response = try Client(port: server.port, isIPv6: true)
    try response.send("GET /login HTTP/1.1\r\nHost: [::1]\r\n\r\n")
    #expect(try response.response().status == 200)
  }

  @Test func `as many new rooms as there are places, and the rest is said`() throws {
    let server = try TestServer { $0.hub.maximumRooms = 2 }
    defer { server.stop() }
    #expect(try server.get("/stream?room=a&room=b&room=c").status == 503)
    let browser = try server.get("/stream?room=a&room=b&room=c", "Accept: text/event-stream")
    #expect(browser.status == 200 && browser.text.contains("event: busy"))
    let both = try server.listen("/stream?room=a&room=b")
    #expect(both.response.status == 200)
    #expect(try server.post("/post", "message=x&room=c").status == 503)
    both.close()
  }

  @Test func `the room of a server without chat is the first it names`() throws {
    let server = try TestServer {
      $0.rooms = RoomRules([RoomPattern("team-*")!, RoomPattern("lobby")!])
    }
    defer { server.stop() }
    let listener = try server.listen()
    #expect(try server.get("/Ann").text.contains("data-room=\"lobby\""))
    #expect(try server.post("/post", "message=x").status == 204)
    #expect(try listener.texts(1)[0].hasSuffix(": x"))
  }
}
