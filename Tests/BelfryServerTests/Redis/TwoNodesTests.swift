import EventStream
import Foundation
import Reactor
import TestSupport
import Testing

/// Two nodes and one Redis: one room.
@Suite(.serialized) struct TwoNodesTests {
  @Test func `all listeners of both nodes see every line once, in the same order`() throws {
    _ = DescriptorLimit.raise()
    let redis = try RedisServer()
    let nodes = try [Node(redis.node), Node(redis.node)]
    let listeners = try nodes.flatMap { node in
      try (0..<1000).map { _ in try RawListener(port: node.port) }
    }
    let first = try nodes[0].listen()
    _ = try first.openingID()
    let load = Load((0..<10).map { nodes[$0 % 2].port })
    try load.wait(forMore: 200)
    let lines = load.stop()
    #expect(try nodes[1].post("the end").status == 204)
    #expect(lines.allSatisfy { $0.status == 204 })
    let (texts, _) = try first.lines(through: "the end")
    Load.check(texts, against: lines)
    let expected = try listeners[0].bytes(through: "the end\n\n\r\n")
    #expect(try Received(expected).texts == texts + [try Received(expected).texts.last ?? ""])
    for listener in listeners.dropFirst() {
      #expect(try listener.bytes(through: "the end\n\n\r\n") == expected)
    }
  }

  @Test func `a killed node's listeners go on at the other, with nothing lost or twice`() throws {
    let redis = try RedisServer()
    let doomed = try Node(redis.node)
    let survivor = try Node(redis.node)
    var listeners = try (0..<50).map { _ in try doomed.listen() }
    let load = Load([doomed.port, survivor.port, survivor.port])
    try load.wait(forMore: 100)
    doomed.kill()
    var heard: [([String], String)] = []
    for listener in listeners {
      var texts: [String] = []
      var id = try listener.openingID()
      while let event = try listener.next() {
        texts.append(event.data)
        id = event.lastEventID
      }
      heard.append((texts, id))
    }
    // They come back while others go on publishing.
    listeners = try heard.map { try survivor.listen(after: $0.1) }
    try load.wait(forMore: 100)
    let lines = load.stop()
    try survivor.post("the end")
    for (listener, before) in zip(listeners, heard) {
      Load.check(before.0 + (try listener.lines(through: "the end").texts), against: lines)
    }
  }

  @Test func `both restarted, a listener goes on where it was`() throws {
    let redis = try RedisServer()
    var node = try Node(redis.node)
    let listener = try node.listen()
    for number in 1...3 { try node.post("\(number)") }
    let (_, id) = try listener.lines(through: "1")
    node.kill()
    node = try Node(redis.node)
    try node.post("4")
    let texts = try node.listen(after: id).texts(3)
    #expect(texts.map { $0.suffix(1) } == ["2", "3", "4"])
  }

  @Test func `a key publishes once, on whichever node it is tried again`() throws {
    let redis = try RedisServer()
    let nodes = try [Node(redis.node), Node(redis.node)]
    let listener = try nodes[0].listen()
    for node in nodes + nodes { #expect(try node.post("once", key: "k-1").status == 204) }
    #expect(try nodes[1].post("twice", key: "k-2").status == 204)
    #expect(try listener.texts(2).map { $0.split(separator: " ").last } == ["once", "twice"])
  }

  @Test func `history ends with its age and its count, exactly as told`() throws {
    let redis = try RedisServer()
    let node = try Node(redis.node, "--history-count", "3", "--rooms", "chat,b")
    let old = try node.listen()
    let start = try old.openingID()
    for number in 1...5 { try node.post("\(number)") }
    node.kill()
    let other = try Node(redis.node, "--history-count", "3", "--rooms", "chat,b")
    let stream = try other.listen(after: start)
    let gap = try #require(try stream.next())
    #expect(gap.type == "gap" && gap.data.contains("\"expired\""))
    #expect(try stream.texts(3).map { $0.suffix(1) } == ["3", "4", "5"])
    let b = try other.listen("/stream?room=b", after: start)
    try other.post("x", room: "b")
    #expect(try b.next()?.type == "message")
  }

  @Test func `an emptied Redis is a new history, and said to be one`() throws {
    let redis = try RedisServer()
    let nodes = try [Node(redis.node), Node(redis.node)]
    let listeners = try nodes.map { try $0.listen() }
    try nodes[0].post("before")
    for listener in listeners { _ = try listener.texts(1) }
    #expect(try redis.client().ask("FLUSHALL") == "OK")
    for listener in listeners {
      let gap = try #require(try listener.next())
      #expect(gap.type == "gap" && gap.data.contains("\"restarted\""))
      #expect(gap.lastEventID.hasSuffix("-0"))
    }
    try nodes[1].post("after")
    for listener in listeners { #expect(try listener.texts(1)[0].hasSuffix("after")) }
  }
}

/// A listener whose bytes are looked at as they are, head and opening left out.
final class RawListener {
  private let client: Client
  private var received: [UInt8] = []

  init(port: UInt16) throws {
    client = try Client(port: port)
    try client.send("GET /stream HTTP/1.1\r\nHost: test\r\n\r\n")
    let opening = Array("-0\n\n\r\n".utf8)
    let bytes = try client.receive { $0.firstRange(of: opening) != nil }
    received = Array(bytes[(bytes.firstRange(of: opening)?.upperBound ?? bytes.count)...])
  }

  /// All bytes up to `end`, with it.
  func bytes(through end: String) throws -> [UInt8] {
    let end = Array(end.utf8)
    while !received.suffix(end.count).elementsEqual(end) {
      let more = try client.receive()
      guard !more.isEmpty else { throw Client.Failure(description: "the stream ended") }
      received += more
    }
    return received
  }
}

/// What a listener makes of chunks.
private struct Received {
  var texts: [String] = []

  init(_ bytes: [UInt8]) throws {
    let text = String(decoding: bytes, as: UTF8.self)
    texts = text.split(separator: "\n").filter { $0.hasPrefix("data: ") }.map {
      String($0.dropFirst(6))
    }
  }
}
