import Reactor
import TestSupport
import Testing

@Suite struct HTTPServerTests {
  /// Answers with the method, the target and the body, so that a misread request shows.
  private func echo(_ limits: HTTPServer.Limits = .init()) throws -> HTTPFixture {
    try HTTPFixture(limits: limits) { exchange in
      let request = exchange.request
      let text = "\(request.method.rawValue) \(request.head.target) "
      exchange.respond(HTTPResponse(.ok, body: Array(text.utf8) + request.body))
    }
  }

  @Test func `requests on one connection are answered in their order`() throws {
    let server = try echo()
    defer { server.stop() }
    let client = try server.client()
    try client.send(
      "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
        + "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(try client.response().text == "GET /1 ")
    #expect(try client.response().text == "POST /2 abc")
    #expect(try client.response().text == "GET /3 ")
  }

  @Test func `requests cut anywhere are read whole`() throws {
    let server = try echo()
    defer { server.stop() }
    let requests = Array(
      ("GET /1 HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n"
        + "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
        + "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").utf8)
    for cut in stride(from: 1, to: requests.count, by: 3) {
      let client = try server.client()
      try client.send(Array(requests[..<cut]))
      // The server has read what came before it answers another connection.
      #expect(try server.answer(to: "GET / HTTP/1.1\r\nHost: a\r\n\r\n").text == "GET / ")
      try client.send(Array(requests[cut...]))
      for text in ["GET /1 ", "POST /2 abc", "GET /3 "] {
        #expect(try client.response().text == text)
      }
      #expect(try client.receive().isEmpty)
    }
  }

  @Test func `a request without a length has no body`() throws {
    let server = try echo()
    defer { server.stop() }
    let client = try server.client()
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
      try client.send("\(method) /x HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try client.response().text == "\(method) /x ")
    }
  }

  /// Each row of what evhttp 2.1.12 lets through: the second request must never be seen.
  @Test(arguments: [
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 35\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 35\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: a\r\n\0\r\n", 400),
    ("HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 35\r\n\r\n", 400),
    ("TRACE / HTTP/1.1\r\nHost: a\r\nContent-Length: 35\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", 411),
    (
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
      411
    ),
    (
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\n\r\n",
      411
    ),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n", 400),
    ("GET / HTTP/1.1\nHost: a\n\n", 400),
    ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n 5\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: a\r\nX Y: z\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, x\r\n\r\n", 411),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n+5\r\nhello0\r\n\r\n", 411),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5,5\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -0\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n", 400),
    ("GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505),
    ("GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\n folded: first\r\nHost: a\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nExpect: more\r\n\r\n", 417),
    ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    ("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("GET /\u{1} HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("GET / HTTP/1.9\r\nHost: a\r\n\r\n", 505),
    ("GET / HTTP/-1.-3\r\nHost: a\r\n\r\n", 400),
    ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ("BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    ("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
  ])
  func `an ambiguous request is refused and ends its connection`(head: String, status: Int) throws {
    let server = try echo()
    defer { server.stop() }
    let client = try server.client()
    try client.send(head + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
    let bytes = String(decoding: try client.receiveAll(), as: UTF8.self)
    #expect(bytes.hasPrefix("HTTP/1.1 \(status) "))
    #expect(bytes.contains("\r\nConnection: close\r\n"))
    #expect(!bytes.contains("smuggled"))
  }

  @Test func `a bad request behind a good one is refused after the good one's answer`() throws {
    let server = try echo()
    defer { server.stop() }
    let client = try server.client()
    try client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\n")
    #expect(try client.response().text == "GET /1 ")
    #expect(try client.response().status == 400)
    #expect(try client.receiveAll().isEmpty)
  }

  @Test func `a client that is still sending gets to read that its body is too long`() throws {
    let server = try echo()
    defer { server.stop() }
    let client = try server.client()
    let size = 8 << 20
    try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n")
    try client.send([UInt8](repeating: 120, count: size))
    #expect(try client.response().status == 413)
  }

  @Test func `many short header lines cost no memory and end the connection`() throws {
    let server = try echo()
    defer { server.stop() }
    let client = try server.client()
    try client.send(
      "GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "a:\r\n", count: 2000) + "\r\n")
    #expect(try client.response().status == 431)
  }

  @Test func `HEAD is answered with the length and without the body`() throws {
    let server = try echo()
    defer { server.stop() }
    let client = try server.client()
    try client.send("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\nGET /y HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(try client.response(toHead: true)["Content-Length"] == "8")
    #expect(try client.response().text == "GET /y ")
  }

  @Test func `half-closing does not lose the answer`() throws {
    let server = try echo()
    defer { server.stop() }
    let client = try server.client()
    try client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
    client.shutdownWriting()
    #expect(try client.response().text == "GET /x ")
  }

  @Test func `a trickled request is ended at its deadline, and a silent connection too`() throws {
    var limits = HTTPServer.Limits()
    limits.requestTime = .seconds(1)
    let server = try echo(limits)
    defer { server.stop() }
    let silent = try server.client()
    let trickling = try server.client()
    try trickling.send("GET / HTTP/1.1\r\nHost: a\r\n")
    let ended = eventually {
      (try? trickling.send("X: y\r\n")) == nil || server.connectionCount == 0
    }
    #expect(ended)
    #expect(try silent.receiveAll().isEmpty)
    #expect(eventually { server.connectionCount == 0 })
  }

  @Test func `an answer that comes after its client has gone is dropped`() throws {
    let held = Channel<Carried<HTTPExchange>>()
    let server = try HTTPFixture { held.send(Carried($0)) }
    defer { server.stop() }
    let client = try server.client()
    try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    let exchange = held.receive()
    client.reset()
    server.onLoop { _ in
      exchange.value.respond(HTTPResponse(.ok, body: [UInt8](repeating: 120, count: 1 << 20)))
    }
    #expect(eventually { server.connectionCount == 0 })
  }

  @Test func `an exchange that is let go of is answered 500`() throws {
    let server = try HTTPFixture { _ in }
    defer { server.stop() }
    #expect(try server.answer(to: "GET / HTTP/1.1\r\nHost: a\r\n\r\n").status == 500)
  }

  @Test func `a header that would begin another is answered 500`() throws {
    let server = try HTTPFixture { exchange in
      exchange.respond(HTTPResponse(.ok, headers: [("X", "a\r\nSet-Cookie: b")]))
    }
    defer { server.stop() }
    let response = try server.answer(to: "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(response.status == 500)
    #expect(response["Set-Cookie"] == nil)
  }

  @Test func `connections that come and go in every way leave nothing behind`() throws {
    let server = try echo()
    defer { server.stop() }
    for round in 0..<300 {
      let client = try server.client()
      switch round % 6 {
      case 0: client.close()
      case 1: client.reset()
      case 2:
        try client.send("GET / HT")
        client.close()
      case 3:
        try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
        client.reset()
      case 4:
        try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        client.reset()
      default:
        try client.send("GET / HTTP/1.0\r\n\r\n")
        #expect(try client.response().status == 200)
      }
    }
    #expect(eventually { server.connectionCount == 0 })
  }

  @Test func `connections accepted while others pipeline are known before their first byte`()
    throws
  {
    let server = try echo()
    defer { server.stop() }
    let request = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
    let threads = (0..<4).map { number in
      RunningThread { [port = server.port] in
        for _ in 0..<200 {
          guard let client = try? Client(port: port) else { continue }
          try? client.send(number % 2 == 0 ? String(repeating: request, count: 50) : request)
          _ = try? client.response()
          client.reset()
        }
      }
    }
    for thread in threads { thread.join() }
    #expect(try server.answer(to: request).status == 200)
    #expect(eventually { server.connectionCount == 0 })
  }

  @Test func `stopping answers what was asked and closes what waits`() throws {
    let held = Channel<Carried<HTTPExchange>>()
    let server = try HTTPFixture { held.send(Carried($0)) }
    defer { server.stop() }
    let idle = try server.client()
    let asking = try server.client()
    try asking.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    let exchange = held.receive()
    #expect(eventually { server.connectionCount == 2 })
    server.onLoop { $0.stopAccepting() }
    #expect(try idle.receiveAll().isEmpty)
    server.onLoop { _ in exchange.value.respond(HTTPResponse(.ok, body: [120])) }
    let response = try asking.response()
    #expect(response.text == "x" && response["Connection"] == "close")
    #expect(throws: Client.Failure.self) { try server.client() }
  }
}
