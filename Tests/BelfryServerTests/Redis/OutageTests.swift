import EventStream
import Foundation
import Reactor
import TestSupport
import Testing

/// What breaks between a node and its Redis, and that nothing is lost by it.
@Suite(.serialized) struct OutageTests {
  /// Listeners of every node, who hear the same.
  private func check(_ listeners: [Listener], against lines: [Load.Line], through last: String)
    throws
  {
    let first = try listeners[0].lines(through: last).texts
    Load.check(first, against: lines)
    for listener in listeners.dropFirst() {
      let texts = try listener.lines(through: last).texts
      #expect(texts == first)
    }
  }

  /// Publishes a line that must get through, however often it is tried.
  private func insist(on text: String, at node: Node) throws {
    let key = "\(UInt64.random(in: 0...UInt64.max))"
    let came = try eventually { try node.post(text, key: key).status == 204 }
    try #require(came)
  }

  @Test func `Redis killed twenty times: every line taken is heard once, in order`() throws {
    let redis = try RedisServer("--appendonly", "yes", "--appendfsync", "always")
    let nodes = try [Node(redis.node), Node(redis.node)]
    let listeners = try nodes.flatMap { node in try (0..<10).map { _ in try node.listen() } }
    let load = Load([nodes[0].port, nodes[0].port, nodes[1].port, nodes[1].port])
    for _ in 0..<20 {
      try load.wait(forMore: 30)
      redis.kill()
      try redis.start()
    }
    try load.wait(forMore: 30)
    let lines = load.stop()
    try insist(on: "the end", at: nodes[0])
    try check(listeners, against: lines, through: "the end")
    #expect(lines.contains { $0.status == 503 })
  }

  @Test func `a line that two nodes saw and Redis lost never shares its id with another`() throws {
    // It is written to the disk now and then only, so that a crash takes the newest with it.
    let redis = try RedisServer("--appendonly", "yes", "--appendfsync", "no")
    let nodes = try [Node(redis.node), Node(redis.node)]
    let listeners = try nodes.map { try $0.listen() }
    for number in 1...3 { try nodes[0].post("\(number)") }
    var ids: [String] = []
    for listener in listeners {
      for _ in 1...3 { ids.append(try #require(try listener.next()).lastEventID) }
    }
    #expect(Set(ids).count == 3)
    redis.kill()
    try redis.truncate(toEntries: 2)
    try redis.start()
    for node in nodes { try node.waitUntilUp() }
    try insist(on: "after", at: nodes[1])
    for listener in listeners {
      let gap = try #require(try listener.next())
      #expect(gap.type == "gap" && gap.data.contains("\"restarted\""))
      let event = try #require(try listener.next())
      #expect(event.data.hasSuffix("after") && !ids.contains(event.lastEventID))
    }
  }

  @Test(arguments: ["cut", "stall", "delay", "cut in the middle"])
  func `a disturbed connection loses nothing`(disturbance: String) throws {
    let redis = try RedisServer()
    let proxy = try Proxy(to: redis.port)
    defer { proxy.stop() }
    // Only the end of this time tells the node of a stall; a delayed answer is no late one.
    let timeout = disturbance == "stall" ? ["--redis-timeout", "500ms"] : []
    let nodes = try [
      Node(["--redis", "redis://127.0.0.1:\(proxy.port)/3"] + timeout), Node(redis.node),
    ]
    let listeners = try nodes.flatMap { node in try (0..<5).map { _ in try node.listen() } }
    let load = Load([nodes[0].port, nodes[1].port])
    for round in 0..<5 {
      try load.wait(forMore: 40)
      switch disturbance {
      case "cut":
        proxy.mode = .closed
        try nodes[0].waitUntilUp(false)
        proxy.mode = .open
      case "stall":
        proxy.mode = .stalled
        try nodes[0].waitUntilUp(false)
        proxy.mode = .open
      case "delay":
        proxy.mode = .delayed(.milliseconds(500))
        try load.wait(forMore: 40)
        proxy.mode = .open
      default:
        // In the midst of an answer to a publish, of a message, of a page: wherever it falls.
        proxy.mode = .cutAfter(3000 + 777 * round)
        try #require(eventually { proxy.mode == .open })
      }
      try nodes[0].waitUntilUp()
    }
    let lines = load.stop()
    try insist(on: "the end", at: nodes[1])
    try check(listeners, against: lines, through: "the end")
    let log = try nodes[0].stop()
    #expect(log.contains("redis is down") == (disturbance != "delay"), "\(log)")
  }

  @Test func `an answer that never comes is 504, and a key makes trying again safe`() throws {
    let redis = try RedisServer()
    let proxy = try Proxy(to: redis.port)
    defer { proxy.stop() }
    let node = try Node(
      ["--redis", "redis://127.0.0.1:\(proxy.port)/3", "--redis-timeout", "2s"])
    let listener = try node.listen()
    try insist(on: "first", at: node)
    proxy.mode = .stalled
    let response = try node.post("second", key: "k")
    #expect(response.status == 504 && response.text.contains("may or may not"))
    #expect(try node.post("third").status == 503)
    proxy.mode = .open
    try node.waitUntilUp()
    #expect(try eventually { try node.post("second", key: "k").status == 204 })
    try insist(on: "fourth", at: node)
    let texts = try listener.lines(through: "fourth").texts
    #expect(texts.map { $0.split(separator: " ").last } == ["first", "second"])
  }

  @Test func `without Redis a stream is asked to come again, and a publisher told why`() throws {
    let port = try ReservedPort()
    let node = try Node(
      ["--redis", "redis://127.0.0.1:\(port.number)/3", "--redis-timeout", "300ms"], isUp: false)
    defer { withExtendedLifetime(port) {} }
    #expect(try node.health().contains(#""status":"degraded","backplane":"redis","up":false"#))
    let post = try node.post("x")
    #expect(post.status == 503 && post["Retry-After"] != nil && post.text.contains("Redis"))
    let stream = try Listener(port: node.port)
    #expect(stream.response.status == 503 && stream.response["Retry-After"] != nil)
    let browser = try Listener(port: node.port, "/stream", ["Accept: text/event-stream"])
    #expect(browser.response.status == 200)
    #expect(try browser.next()?.type == "busy")
  }

  // MARK: What Redis itself refuses

  @Test func `a full Redis is a 503 and a log line, and recovers by itself`() throws {
    let redis = try RedisServer("--maxmemory-policy", "noeviction")
    let node = try Node(redis.node)
    let listener = try node.listen()
    try node.post("before")
    let client = try redis.client()
    try client.ask("CONFIG", "SET", "maxmemory", "1")
    let response = try node.post("refused")
    #expect(response.status == 503 && response.text.contains("OOM"))
    #expect(response["Retry-After"] != nil)
    _ = try node.program.line(matching: "redis refuses messages.*OOM")
    #expect(try node.health().contains("\"up\":true"))
    try client.ask("CONFIG", "SET", "maxmemory", "0")
    #expect(try node.post("after").status == 204)
    _ = try node.program.line(matching: "redis accepts messages again")
    #expect(try listener.lines(through: "after").texts.count == 1)
  }

  @Test func `a read-only replica is a 503, its listeners hear all, and promotion ends it`() throws
  {
    // By default it waits five seconds for other replicas.
    let master = try RedisServer("--repl-diskless-sync-delay", "0")
    let replica = try RedisServer("--replicaof", "127.0.0.1 \(master.port)")
    let writer = try Node(master.node)
    try writer.post("zero")
    let client = try replica.client()
    try #require(
      eventually { (try? client.ask("INFO", "replication"))?.contains("link_status:up") ?? false })
    let node = try Node(replica.node)
    let listener = try node.listen()
    try writer.post("one")
    let response = try node.post("refused")
    #expect(response.status == 503 && response.text.contains("READONLY"))
    _ = try node.program.line(matching: "redis refuses messages.*READONLY")
    #expect(try listener.texts(1)[0].hasSuffix("one"))
    try client.ask("REPLICAOF", "NO", "ONE")
    #expect(try node.post("two").status == 204)
    #expect(try listener.texts(1)[0].hasSuffix("two"))
  }

  @Test func `a wrong password is logged without it, and the right one ends it`() throws {
    let redis = try RedisServer("--requirepass", "correct-horse")
    let node = try Node(
      ["--redis", "redis://:wrong-horse@127.0.0.1:\(redis.port)/3"], isUp: false)
    _ = try node.program.line(matching: "redis is down.*WRONGPASS")
    #expect(try node.post("x").status == 503)
    let client = try redis.client()
    try client.ask("AUTH", "correct-horse")
    try client.ask("CONFIG", "SET", "requirepass", "wrong-horse")
    try node.waitUntilUp()
    #expect(try node.post("x").status == 204)
    let log = try node.stop()
    #expect(!log.contains("horse"), "\(log)")
    #expect(log.split(separator: "\n").count { $0.contains("redis is down") } == 1, "\(log)")
  }

  @Test func `a user of an ACL needs no more than is written down`() throws {
    let redis = try RedisServer()
    try redis.client().ask(
      "ACL", "SETUSER", "belfry", "on", ">secret", "~belfry/v2/3/*", "&*", "-@all", "+@connection",
      "+@scripting", "+@pubsub", "+info", "+time", "+@hash", "+@sortedset", "+@stream", "+@string",
      "+del", "+pexpire")
    let node = try Node(["--redis", "redis://belfry:secret@127.0.0.1:\(redis.port)/3"])
    let listener = try node.listen()
    #expect(try node.post("x", key: "k").status == 204)
    #expect(try listener.texts(1)[0].hasSuffix("x"))
  }

  @Test func `a right that is lacking makes no publisher believe that a line was not taken`() throws
  {
    let redis = try RedisServer()
    let client = try redis.client()
    func permit(_ rights: String...) throws {
      let user = ["ACL", "SETUSER", "belfry", "reset", "on", ">secret", "~belfry/v2/3/*", "+@all"]
      #expect(try client.ask((user + rights).map { Array($0.utf8) }) == "OK")
    }
    try permit("&belfry/v2/3/*", "&chat")
    let limited = try Node([
      "--redis", "redis://belfry:secret@127.0.0.1:\(redis.port)/3", "--rooms", "*",
    ])
    let other = try Node(redis.node, "--rooms", "*")
    let listener = try other.listen("/stream?room=other")
    // Everybody gets it but strangers on the room's own channel.
    #expect(try limited.post("one", room: "other").status == 204)
    #expect(try listener.texts(1)[0].hasSuffix("one"))
    // It may not do what comes after the first write: who knows how far that went.
    try permit("&*", "-zadd")
    try limited.waitUntilUp()
    let half = try limited.post("two", room: "other")
    #expect(
      half.status == 504 && half.text.contains("may or may not"), "\(half.status) \(half.text)")
    _ = try limited.program.line(matching: "redis refuses messages")
    // It may not run scripts: nothing was done.
    try permit("&*", "-evalsha")
    let nothing = try limited.post("three", room: "other")
    #expect(nothing.status == 503, "\(nothing.status) \(nothing.text)")
  }

  @Test func `a database that there is not is logged, and serving waits`() throws {
    let redis = try RedisServer()
    let node = try Node(["--redis", "redis://127.0.0.1:\(redis.port)/9999"], isUp: false)
    _ = try node.program.line(matching: "redis is down.*DB index")
    #expect(try node.post("x").status == 503)
  }

  @Test func `a killed subscriber comes back, and has missed nothing`() throws {
    let redis = try RedisServer()
    let nodes = try [Node(redis.node), Node(redis.node)]
    let listeners = try nodes.map { try $0.listen() }
    let load = Load(nodes.map(\.port))
    let client = try redis.client()
    for _ in 0..<5 {
      try load.wait(forMore: 30)
      try client.ask("CLIENT", "KILL", "TYPE", "pubsub")
    }
    try load.wait(forMore: 30)
    let lines = load.stop()
    try insist(on: "the end", at: nodes[0])
    try check(listeners, against: lines, through: "the end")
  }

  @Test func `a subscriber over Redis' buffer limit is cut, and reads the stream instead`() throws {
    let redis = try RedisServer()
    let nodes = try [Node(redis.node), Node(redis.node)]
    let listeners = try nodes.map { try $0.listen() }
    let client = try redis.client()
    // A line is published twice, so one of 60,000 bytes is over it at once.
    try client.ask("CONFIG", "SET", "client-output-buffer-limit", "pubsub 100000 0 0")
    var lines: [Load.Line] = []
    for number in 1...10 {
      let text = "p0n\(number)" + String(repeating: "0", count: number % 3 == 0 ? 60_000 : 0)
      try insist(on: text, at: nodes[number % 2])
      lines.append(.init(text: text, status: 204))
    }
    try client.ask("CONFIG", "SET", "client-output-buffer-limit", "pubsub 0 0 0")
    try insist(on: "the end", at: nodes[0])
    let first = try listeners[0].lines(through: "the end").texts
    #expect(first.map { $0.split(separator: " ").last.map(String.init) } == lines.map(\.text))
    #expect(try listeners[1].lines(through: "the end").texts == first)
    _ = try nodes[0].program.line(matching: "redis is down")
  }

  @Test func `a Redis that hangs counts as gone`() throws {
    let redis = try RedisServer()
    let node = try Node(redis.node + ["--redis-timeout", "2s"])
    let listener = try node.listen()
    redis.signal(SIGSTOP)
    defer { redis.signal(SIGCONT) }
    #expect(try node.post("lost?").status == 504)
    try node.waitUntilUp(false)
    redis.signal(SIGCONT)
    try node.waitUntilUp()
    try insist(on: "the end", at: node)
    _ = try listener.lines(through: "the end")
  }
}
