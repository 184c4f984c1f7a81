import EventStream
import Foundation
import Reactor
import TestSupport
import Testing

/// A Redis cluster of one server, which checks keys as any cluster does.
@Suite(.serialized) struct ClusterTests {
  @Test func `nodes share rooms in a Redis cluster, all in one slot`() throws {
    let bus = try ReservedPort()
    let redis = try RedisServer("--cluster-enabled", "yes", "--cluster-port", "\(bus.number)")
    let client = try redis.client()
    #expect(try client.ask("CLUSTER", "ADDSLOTSRANGE", "0", "16383") == "OK")
    try #require(eventually { try client.ask("CLUSTER", "INFO").contains("cluster_state:ok") })
    // It refuses keys of two slots, as it should.
    #expect(try client.ask("EVAL", "return 1", "2", "a", "b").hasPrefix("-CROSSSLOT"))

    let url = ["--redis", "redis://127.0.0.1:\(redis.port)", "--rooms", "*", "--max-rooms", "2"]
    let nodes = try [Node(url), Node(url)]
    let listeners = try nodes.map { try $0.listen() }
    for room in ["a", "b", "c", "chat"] {
      for node in nodes {
        #expect(try node.post("to \(room)", room: room, key: "k-\(node.port)").status == 204)
      }
    }
    for listener in listeners {
      #expect(try listener.texts(2).allSatisfy { $0.hasSuffix("to chat") })
    }
    let keys = try client.ask("KEYS", "*").split(separator: "\n").map(String.init)
    let slots = try Set(keys.map { try client.ask("CLUSTER", "KEYSLOT", $0) })
    #expect(slots.count == 1)
    // Streams, history, rooms, nodes and what was published under a key.
    #expect(keys.count >= 2 + 3 + 8, "\(keys)")
  }

  @Test func `the stream of a room that is pushed out is deleted`() throws {
    let redis = try RedisServer()
    let node = try Node(redis.node, "--rooms", "*", "--max-rooms", "2")
    let client = try redis.client()
    try client.ask("SELECT", "3")
    func streams() throws -> Set<String> {
      let keys = try client.ask("KEYS", "belfry/v2/3/{belfry}/*").split(separator: "\n")
      let epoch = try client.ask("HGET", "belfry/v2/3/{belfry}/history", "epoch")
      let found = keys.filter { $0.contains(epoch) }.compactMap { $0.split(separator: "/").last }
      return Set(found.map(String.init))
    }
    for room in ["a", "b"] { #expect(try node.post("x", room: room).status == 204) }
    #expect(try streams() == ["a", "b"])
    for room in ["c", "d", "b"] { #expect(try node.post("x", room: room).status == 204) }
    #expect(try eventually { try streams() == ["d", "b"] })
  }
}
