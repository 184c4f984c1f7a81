import BelfryServer
import EventStream
import Hub
import TestSupport
import Testing

/// Listeners that don't read, on real sockets.
@Suite struct SlowListenerTests {
  /// Publishes `count` messages of `size` bytes, each numbered.
  private func publish(
    _ count: Int, size: Int, to server: TestServer, from first: Int = 0, room: String = "chat"
  ) throws {
    let publisher = try server.client()
    for number in first..<first + count {
      let body = "room=\(room)&message=\(number).\(String(repeating: "x", count: size))"
      try publisher.send(
        "POST /post HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
          + "Content-Length: \(body.utf8.count)\r\n\r\n" + body)
      #expect(try publisher.response().status == 204)
    }
  }

  private func numbers(_ texts: [String]) -> [Int?] {
    texts.map { text in
      text.split(separator: ": ").last?.split(separator: ".").first.flatMap { Int($0) }
    }
  }

  @Test func `one that stalls among a thousand delays nobody, and catches up whole`() throws {
    let server = try TestServer()
    defer { server.stop() }
    let end: [UInt8] = [10, 10, 13, 10]
    let clients = try (0..<999).map { _ in
      let client = try server.client()
      try client.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
      _ = try client.receive { $0.suffix(4).elementsEqual(end) }
      return client
    }
    let stalled = try Listener(
      port: server.port, "/stream?room=chat&room=other", receiveBuffer: 4096)
    // More than the kernel takes for it. While it takes some, the listener may stall but for 18 s
    // (TCP_USER_TIMEOUT), and a busy machine may need longer.
    try publish(5, size: 60_000, to: server, room: "other")
    for number in 0..<20 {
      try publish(1, size: 10_000, to: server, from: number)
      // All get the same bytes: one is looked at closely, the others are compared.
      let first = try clients[0].receive { $0.count > 10_000 && $0.suffix(4).elementsEqual(end) }
      #expect(String(decoding: first, as: UTF8.self).contains(": \(number).xxx"))
      for client in clients[1...] {
        #expect(try client.receive { $0.count >= first.count } == first)
      }
    }
    #expect(server.counters.delivered < 20_000)
    #expect(numbers(try stalled.texts(25)) == Array(0..<5) + Array(0..<20))
    #expect(eventually { server.counters.delivered == 20_005 })
  }

  @Test func `one that stalls for too long is closed, and resumes without loss`() throws {
    let server = try TestServer { $0.hub.listenerLag = .seconds(1) }
    defer { server.stop() }
    let stalled = try Listener(port: server.port, receiveBuffer: 4096)
    try publish(60, size: 20_000, to: server)
    #expect(eventually { server.counters.closed(.slow) == 1 })
    var texts: [String] = []
    var last = try stalled.openingID()
    while let event = try stalled.next() {
      texts.append(event.data)
      last = event.lastEventID
    }
    let again = try server.listen("/stream", "Last-Event-ID: \(last)")
    texts += try again.texts(60 - texts.count)
    #expect(numbers(texts) == Array(0..<60))
  }

  @Test func `one that is too many bytes behind is closed`() throws {
    let server = try TestServer { $0.hub.listenerLagBytes = 200_000 }
    defer { server.stop() }
    let stalled = try Listener(port: server.port, receiveBuffer: 4096)
    try publish(60, size: 20_000, to: server)
    #expect(eventually { server.counters.closed(.lag) == 1 })
    withExtendedLifetime(stalled) {}
  }

  @Test func `the kernel holds no more for it than the send buffer`() throws {
    let server = try TestServer { $0.hub.listenerLagBytes = 100 << 20 }
    defer { server.stop() }
    let stalled = try Listener(port: server.port, receiveBuffer: 4096)
    try publish(100, size: 60_000, to: server)
    // 64 KiB asked for, doubled by the kernel, and the client's own buffer.
    #expect(server.counters.bytes < 300_000)
    withExtendedLifetime(stalled) {}
  }

  @Test func `frames cut by tiny buffers at any byte are whole again`() throws {
    let server = try TestServer()
    defer { server.stop() }
    let slow = try (0..<8).map { _ in try Listener(port: server.port, receiveBuffer: 2304) }
    for size in 0..<40 { try publish(10, size: 5000 + size * 37, to: server, from: size * 10) }
    for listener in slow { #expect(numbers(try listener.texts(400)) == Array(0..<400)) }
  }

  @Test func `descriptors used again within a turn confuse nobody`() throws {
    let server = try TestServer()
    defer { server.stop() }
    let stays = try server.listen()
    for number in 0..<200 {
      let gone = try server.listen()
      gone.reset()
      let next = try server.listen()
      try publish(1, size: 10, to: server, from: number)
      #expect(numbers(try next.texts(1)) == [number])
      next.close()
    }
    #expect(numbers(try stays.texts(200)) == Array(0..<200))
    #expect(eventually { server.counters.listeners == 1 })
    #expect(server.counters.opened == 401)
  }
}
