import EventStream
import Foundation
import Reactor
import TestSupport
import Testing

/// Nodes of 0.1.0 on the same Redis: `belfry/DATABASE/nodes` has each, and until when it is believed to live.
@Suite(.serialized) struct EarlierNodesTests {
  /// A Redis on which a node of 0.1.0 lives for a while.
  private func redis(lease: Duration) throws -> RedisServer {
    let redis = try RedisServer()
    let client = try redis.client()
    try client.ask("SELECT", "3")
    let parts = try client.ask("TIME").split(separator: "\n").compactMap { Int($0) }
    let end = parts[0] * 1000 + parts[1] / 1000 + Int(lease / .milliseconds(1))
    try client.ask("ZADD", "belfry/3/nodes", "\(end)", "old")
    return redis
  }

  @Test func `a node waits for one that was just stopped, and exchanges nothing before`() throws {
    let redis = try redis(lease: .seconds(4))
    let node = try Node(redis.node, isUp: false)
    _ = try node.program.line(matching: "waiting for nodes of 0.1.0 to stop nodes=1")
    let refused = try node.post("too early")
    #expect(refused.status == 503 && refused.text.contains("nodes of 0.1.0"), "\(refused.text)")
    let client = try redis.client()
    try client.ask("SELECT", "3")
    #expect(try client.ask("KEYS", "*") == "belfry/3/nodes")
    try node.waitUntilUp()
    let listener = try node.listen()
    #expect(try node.post("x").status == 204)
    #expect(try listener.texts(1)[0].hasSuffix("x"))
    // One that comes later can't be stopped, and stops nobody.
    try client.ask("ZADD", "belfry/3/nodes", "inf", "late")
    try client.ask("CLIENT", "KILL", "TYPE", "normal")
    try node.waitUntilUp()
    #expect(try eventually { try node.post("y").status == 204 })
  }

  @Test func `a node that waits in vain ends, and says what to do`() throws {
    let redis = try redis(lease: .seconds(600))
    // Another deployment's nodes are no obstacle.
    let apart = try Node(redis.node, "--redis-prefix", "team")
    #expect(try apart.post("x").status == 204)
    let other = try Node(["--redis", "redis://127.0.0.1:\(redis.port)/4"])
    #expect(try other.post("x").status == 204)
    let node = try Node(redis.node, isUp: false)
    let start = ContinuousClock.now
    _ = try node.program.line(matching: "waiting for nodes of 0.1.0 to stop nodes=1")
    // It waits as long as a test does.
    _ = eventually { !node.program.process.isRunning }
    let line = try node.program.line(matching: "error cannot serve reason=.*")
    #expect(ContinuousClock.now - start > .seconds(15))
    #expect(line.contains("nodes of 0.1.0 still use this Redis (1): stop them"), "\(line)")
    #expect(try node.program.end().status == 1)
  }
}
