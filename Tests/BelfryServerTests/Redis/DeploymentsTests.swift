import EventStream
import Foundation
import Reactor
import TestSupport
import Testing

/// Several deployments on one Redis.
@Suite(.serialized) struct DeploymentsTests {
  /// A node of a deployment; nil: the one without a prefix.
  private func node(_ redis: RedisServer, _ prefix: String?, _ more: String...) throws -> Node {
    try Node(redis.node + (prefix.map { ["--redis-prefix", $0] } ?? []) + more)
  }

  @Test func `deployments with a prefix of their own hear neither each other nor the others`()
    throws
  {
    let redis = try RedisServer()
    let prefixes = ["team/a", "team", "b.c_d-E", nil]
    let nodes = try prefixes.map { try [node(redis, $0), node(redis, $0)] }
    let listeners = try nodes.map { try $0[0].listen() }
    for (place, pair) in nodes.enumerated() {
      for number in 1...5 {
        #expect(try pair[1].post("\(place) \(number)", key: "k\(number)").status == 204)
      }
    }
    for pair in nodes { #expect(try pair[1].post("the end").status == 204) }
    for (place, listener) in listeners.enumerated() {
      let texts = try listener.lines(through: "the end").texts
      #expect(
        texts.map { $0.suffix(3) } == (1...5).map { "\(place) \($0)" }, "\(prefixes[place] ?? "")")
    }
    for pair in nodes { for node in pair { #expect(!node.program.text.contains("redis is down")) } }
  }

  @Test func `a room that a node doesn't hold is new once, and over the rate it is not followed`()
    throws
  {
    let redis = try RedisServer()
    let node = try node(redis, "team", "--new-names-rate", "1/h")
    // Nobody listens there, so the node doesn't hold it.
    for _ in 0..<3 { #expect(try node.post("x", room: "first").status == 204) }
    #expect(try node.post("x", room: "second").status == 429)
    #expect(try Listener(port: node.port, "/stream?room=second").response.status == 429)
    let listener = try node.listen("/stream?room=first")
    #expect(try node.post("y", room: "first").status == 204)
    _ = try listener.lines(through: "y")
    let channels = try redis.client().ask("PUBSUB", "CHANNELS")
    #expect(channels.contains("first") && !channels.contains("second"), "\(channels)")
  }

  @Test func `keys and channels begin with the prefix, and no channel is a room's name`() throws {
    let redis = try RedisServer()
    let node = try node(redis, "team/a")
    let client = try redis.client()
    let spy = try redis.client()
    try spy.ask("PSUBSCRIBE", "*")
    let listener = try node.listen()
    #expect(try node.post("x", key: "k").status == 204)
    _ = try listener.texts(1)
    // Another room than the original's may be used: no other program's lines land there.
    #expect(try node.post("x", room: "other").status == 204)
    var names = try client.ask("PUBSUB", "CHANNELS").split(separator: "\n")
    #expect(names.count == 2, "\(names)")
    try client.ask("SELECT", "3")
    let keys = try client.ask("KEYS", "*").split(separator: "\n")
    #expect(keys.count == 6, "\(keys)")
    for _ in 0..<2 {
      let parts = try spy.reply().split(separator: "\n")
      if parts.count > 2 { names.append(parts[2]) }
    }
    for name in names + keys { #expect(name.hasPrefix("team/a/"), "\(name)") }
    // Nobody hears a stranger.
    #expect(try client.ask("PUBLISH", "chat", "stranger") == "1", "the spy alone")
    #expect(try node.post("after").status == 204)
    #expect(try listener.texts(1)[0].hasSuffix("after"))
  }

  @Test func `plain lines are exchanged with a prefix when they are asked for`() throws {
    let redis = try RedisServer()
    let quiet = try node(redis, "team")
    let speaking = try node(redis, "team", "--redis-plain-lines")
    let listener = try speaking.listen()
    let other = try quiet.listen()
    let client = try redis.client()
    try client.ask("SUBSCRIBE", "chat")
    let stranger = try redis.client()
    // A line that follows a message without one, and is the same, is a stranger's all the same.
    #expect(try quiet.post("one").status == 204)
    let line = try listener.texts(1)[0]
    #expect(try stranger.ask("PUBLISH", "chat", line) == "2")
    #expect(try client.reply() == "message\nchat\n\(line)")
    #expect(try listener.texts(1)[0] == line)
    #expect(try speaking.post("two").status == 204)
    let two = try listener.texts(1)[0]
    #expect(try client.reply() == "message\nchat\n\(two)")
    #expect(try other.texts(2) == [line, two])
    // As without a prefix, other rooms may be private channels.
    #expect(try speaking.post("x", room: "other").status == 404)
  }

  @Test func `a user of an ACL with a prefix needs no other deployment's keys or channels`() throws
  {
    let redis = try RedisServer()
    try redis.client().ask(
      "ACL", "SETUSER", "team", "on", ">secret", "~team/*", "resetchannels", "&team/*", "-@all",
      "+@connection", "+@scripting", "+@pubsub", "+info", "+time", "+@hash", "+@sortedset",
      "+@stream", "+@string", "+del", "+pexpire")
    let node = try Node([
      "--redis", "redis://team:secret@127.0.0.1:\(redis.port)/3", "--redis-prefix", "team",
    ])
    let listener = try node.listen()
    #expect(try node.post("x", key: "k").status == 204)
    #expect(try listener.texts(1)[0].hasSuffix("x"))
  }

  @Test func `a takeover with another prefix is refused`() throws {
    let redis = try RedisServer()
    let file = try TemporaryFile("redis-prefix = a\n")
    let node = try Node(redis.node, "--config", file.path)
    try file.write("redis-prefix = b\n")
    kill(node.program.process.processIdentifier, SIGUSR2)
    _ = try node.program.line(matching: "--redis-prefix cannot change in a takeover")
    #expect(try node.post("still here").status == 204)
  }
}
