import EventStream
import Events
import Foundation
import Reactor
import TestSupport
import Testing

/// What a node subscribes to, and what others may say there.
@Suite(.serialized) struct SubscriptionTests {
  /// The channels that anybody follows, without the nodes' own.
  private func channels(_ client: RedisClient) throws -> Set<String> {
    let names = try client.ask("PUBSUB", "CHANNELS").split(separator: "\n").map(String.init)
    return Set(names.filter { !$0.hasPrefix("belfry/v2/3/node/") })
  }

  @Test func `subscriptions follow the listeners, and none is left when they are gone`() throws {
    _ = DescriptorLimit.raise()
    let redis = try RedisServer()
    let node = try Node(redis.node, "--rooms", "room-*,chat")
    let client = try redis.client()
    #expect(try channels(client).isEmpty)
    var listeners: [Listener] = []
    for number in 1...500 { listeners.append(try node.listen("/stream?room=room-\(number)")) }
    var expected: Set<String> = []
    for number in 1...500 { expected.formUnion(["room-\(number)", "belfry/v2/3/room-\(number)"]) }
    #expect(try channels(client) == expected)
    let publisher = try node.publisher()
    for number in [1, 250, 500] {
      #expect(try publisher.post("to \(number)", room: "room-\(number)").status == 204)
      #expect(try listeners[number - 1].texts(1)[0].hasSuffix("to \(number)"))
    }
    // Half of them leave: their rooms are let go, and the others' not.
    for number in 251...500 {
      listeners[number - 1].close()
      expected.subtract(["room-\(number)", "belfry/v2/3/room-\(number)"])
    }
    #expect(try eventually { try channels(client) == expected })
    for listener in listeners { listener.close() }
    #expect(try eventually { try channels(client).isEmpty })
    // Nothing of them is kept in memory either, and they can come again.
    let again = try node.listen("/stream?room=room-7")
    #expect(try publisher.post("again", room: "room-7").status == 204)
    #expect(try again.texts(1)[0].hasSuffix("again"))
  }

  @Test func `more rooms than may be held are refused`() throws {
    let redis = try RedisServer()
    let node = try Node(redis.node, "--rooms", "*", "--max-rooms", "20")
    var kept: [Listener] = []
    var statuses: [Int] = []
    for number in 0..<40 {
      let listener = try Listener(port: node.port, "/stream?room=r\(number)")
      statuses.append(listener.response.status)
      kept.append(listener)
    }
    #expect(statuses.prefix(20).allSatisfy { $0 == 200 })
    #expect(statuses.dropFirst(20).allSatisfy { $0 == 503 })
  }

  @Test func `a room that was let go is loaded anew, and a page shows its history`() throws {
    let redis = try RedisServer()
    let nodes = try [Node(redis.node), Node(redis.node)]
    for number in 1...3 { try nodes[0].post("\(number)") }
    let client = try Client(port: nodes[1].port)
    try client.send("GET /?user=Ann HTTP/1.1\r\nHost: a\r\nSec-Fetch-Site: none\r\n\r\n")
    let page = try client.response().text
    let since = try #require(page.firstMatch(of: /data-since="([^"]+)"/)?.1)
    let stream = try nodes[1].listen("/stream?last_event_id=\(since)")
    #expect(try stream.texts(3).map { $0.suffix(1) } == ["1", "2", "3"])
  }

  @Test func `strangers are heard once and live, by who is there, and never replayed`() throws {
    let redis = try RedisServer()
    let nodes = try [Node(redis.node), Node(redis.node)]
    let listeners = try nodes.map { try $0.listen() }
    let start = try listeners[0].openingID()
    let client = try redis.client()
    try nodes[0].post("one")
    #expect(try client.ask("PUBLISH", "chat", "a stranger") == "2")
    try nodes[1].post("two")
    for listener in listeners {
      let events = try (0..<3).map { _ in try #require(try listener.next()) }
      #expect(events.map { $0.data.split(separator: " ").last } == ["one", "stranger", "two"])
      // It has no id of its own: the last one stays.
      #expect(events[0].lastEventID == events[1].lastEventID)
    }
    let replay = try nodes[0].listen(after: start)
    #expect(try replay.texts(2).map { $0.split(separator: " ").last } == ["one", "two"])
  }

  @Test func `strangers' bytes break nothing and forge nothing`() throws {
    let redis = try RedisServer()
    let node = try Node(redis.node)
    let listener = try node.listen()
    let client = try redis.client()
    // What our own envelope looks like.
    let spy = try redis.client()
    try spy.ask("SUBSCRIBE", "belfry/v2/3/chat")
    try node.post("real")
    let real = try #require(try listener.next())
    let envelope = String(
      try spy.reply().split(separator: "\n", maxSplits: 2, omittingEmptySubsequences: false)[2])
    #expect(envelope.hasPrefix("2 \(real.lastEventID) "))
    // Its head, since a line end may be in what follows, and is sent as another one.
    let head = String(envelope.prefix { $0 != "\n" }) + "\nx"

    let lines: [([UInt8], String)] = [
      (Array(head.utf8), head),
      ([0xFF, 0xFE, 0x41], "\u{FFFD}\u{FFFD}A"),
      (Array("a\r\nid: 99\n\ndata: x\revent: gap".utf8), "a\nid: 99\n\ndata: x\nevent: gap"),
      ([], ""),
      (Array("nul \0 in it".utf8), "nul \0 in it"),
      ([UInt8](repeating: 0x61, count: 1 << 20), String(repeating: "a", count: 1 << 20)),
      (Array("[12:00:00] Ann: as if".utf8), "[12:00:00] Ann: as if"),
    ]
    for (bytes, text) in lines {
      try client.ask([Array("PUBLISH".utf8), Array("chat".utf8), bytes])
      let event = try #require(try listener.next())
      #expect(event.data == text && event.type == "message")
      #expect(event.lastEventID == real.lastEventID)
    }
    // Far too long for anybody to be sent: left out, and said so.
    let huge = [UInt8](repeating: 0x62, count: 5 << 20)
    try client.ask([Array("PUBLISH".utf8), Array("chat".utf8), huge])
    _ = try node.program.line(matching: "unnumbered line too long, dropped")

    // On the envelopes' channel it takes a forger who writes there; what is no envelope, or not of
    // this history, is not believed.
    for forged in [
      "", "2", "junk\n", "2 \(real.lastEventID) 0 0\n", "1 \(real.lastEventID) 0 0 0\nx",
      "2 \(real.lastEventID) 0 0\nx", "2 zzz-18446744073709551615 0 0\n", "2 nothing 0 -1\n",
    ] { try client.ask("PUBLISH", "belfry/v2/3/chat", forged) }
    for head in ["2 zzz-1 0 0", "2 zzz-1 ?0 0", "2 \(real.lastEventID) 0 0"] {
      try client.forge("chat", head, "forged")
    }
    for forged in ["", "x", "1 2 3", "99999 zzzz 99999999999999999"] {
      for channel in try client.ask("PUBSUB", "CHANNELS", "belfry/v2/3/node/*").split(
        separator: "\n")
      {
        try client.ask("PUBLISH", String(channel), forged)
      }
    }
    #expect(try node.post("after").status == 204)
    let after = try #require(try listener.next())
    #expect(after.data.hasSuffix("after") && after.lastEventID != real.lastEventID)
    #expect(try node.health().contains("\"up\":true"))
  }

  @Test func `who writes where only nodes write is believed, and what comes of it heals`() throws {
    let redis = try RedisServer()
    let node = try Node(redis.node)
    let listener = try node.listen()
    let client = try redis.client()
    try node.post("real")
    let real = try #require(try listener.next().flatMap { EventID($0.lastEventID) })
    // The next number, from where the room is: nobody can tell it from a node's.
    try client.forge("chat", "2 \(real.epoch)-\(real.number + 5) \(real.number) 0", "forged")
    #expect(try listener.next()?.data == "forged")
    // Redis' own numbers are behind that one now, so a new history begins.
    #expect(try eventually { try node.post("after").status == 204 })
    let gap = try #require(try listener.next())
    #expect(gap.type == "gap" && gap.data.contains("restarted"))
    #expect(try listener.next()?.data.hasSuffix("after") == true)
  }

  @Test func `numbers too large for any place end no node, however often`() throws {
    let redis = try RedisServer()
    let node = try Node(redis.node)
    let listener = try node.listen()
    let client = try redis.client()
    try client.ask("SELECT", "3")
    // In markers: two of them fill the order, and each begins a history anew.
    let channel = try client.ask("PUBSUB", "CHANNELS", "belfry/v2/3/node/*")
    var epochs: Set<String> = []
    for round in 1...4 {
      let epoch = try client.ask("HGET", "belfry/v2/3/{belfry}/history", "epoch")
      epochs.insert(epoch)
      try client.ask("PUBLISH", channel, "99999999 \(epoch) 8796093022208")
      #expect(
        try eventually {
          try client.ask("HGET", "belfry/v2/3/{belfry}/history", "epoch") != epoch
            && node.health().contains("\"up\":true")
        }, "round \(round)")
      #expect(try eventually { try node.post("line \(round)").status == 204 })
      var event = try #require(try listener.next())
      while event.type == "gap" { event = try #require(try listener.next()) }
      #expect(event.data.hasSuffix("line \(round)"))
    }
    #expect(epochs.count == 4)
    // In what Redis keeps.
    try client.ask("ZADD", "belfry/v2/3/{belfry}/rooms", "17592186044417", "chat")
    try client.ask("CLIENT", "KILL", "TYPE", "pubsub")
    try node.waitUntilUp(false)
    try client.ask("ZREM", "belfry/v2/3/{belfry}/rooms", "chat")
    try node.waitUntilUp()
    #expect(try eventually { try node.post("last").status == 204 })
    var event = try #require(try listener.next())
    while event.type == "gap" { event = try #require(try listener.next()) }
    #expect(event.data.hasSuffix("last"))
    #expect(try node.stop().contains("redis is up"))
  }

  @Test func `each node announces itself for a while`() throws {
    let redis = try RedisServer()
    let node = try Node(redis.node)
    let client = try redis.client()
    try client.ask("SELECT", "3")
    #expect(try eventually { try client.ask("ZCARD", "belfry/v2/3/{belfry}/nodes") == "1" })
    let other = try Node(redis.node)
    #expect(try eventually { try client.ask("ZCARD", "belfry/v2/3/{belfry}/nodes") == "2" })
    #expect(try Int(client.ask("PTTL", "belfry/v2/3/{belfry}/nodes")) ?? 0 > 0)
    #expect(try node.stop().contains("redis is up"))
    _ = try other.stop()
  }
}

extension RedisClient {
  /// Publishes an event as a node does.
  fileprivate func forge(_ room: String, _ head: String, _ text: String) throws {
    let envelope = Array("\(head)\n".utf8) + Event.said(text, in: room).encoded
    try ask([Array("PUBLISH".utf8), Array("belfry/v2/3/\(room)".utf8), envelope])
  }
}
