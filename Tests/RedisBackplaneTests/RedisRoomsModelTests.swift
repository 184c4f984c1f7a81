import EventStream
import Events
import Reactor
import TestSupport
import Testing

@testable import RedisBackplane

/// What a node does with what Redis sends, against a Redis that is a few lists.
@Suite struct RedisRoomsModelTests {
  private static let names = ["a", "b", "c"].map { RoomName($0)! }

  @Test(arguments: 1...120 as ClosedRange<UInt64>)
  func `whatever happens, all that is published comes once and in order, or is told to be lost`(
    seed: UInt64
  ) throws {
    var chance = SplitMix64(seed: seed)
    // Some of the runs trim so much that gaps come about, some lose what was taken, some remember
    // fewer rooms than there are, and some can't keep all that they load.
    let losesData = seed % 2 == 0
    let pushesOut = !losesData && seed % 5 < 2
    var redis = ListRedis(kept: seed % 3 == 0 ? 3 : .max, maximumRooms: pushesOut ? 2 : .max)
    var node = ModelNode()
    if seed % 4 < 2 { node.rooms = RedisRooms(bounds: .make()) }
    if seed % 7 == 0 { node.rooms = RedisRooms(bounds: .make(loadedBytes: 800)) }
    node.pushesOut = pushesOut
    let all = Self.names + (pushesOut ? [RoomName("elsewhere")!] : [])
    node.connect(&redis)
    for _ in 0..<3000 {
      switch Int.random(in: 0..<60, using: &chance) {
      case 22 where Bool.random(using: &chance):
        node.disconnect(&redis)
        if losesData, Bool.random(using: &chance) {
          redis.restart(losing: Int.random(in: 0...5, using: &chance))
        }
        // Others go on while this node is away, or begin anew.
        if Int.random(in: 0..<4, using: &chance) == 0 { redis.empty() }
        for _ in 0..<Int.random(in: 0...12, using: &chance) {
          redis.publish(in: all.randomElement(using: &chance)!)
        }
        node.connect(&redis)
      case 23 where losesData && Int.random(in: 0..<20, using: &chance) == 0: redis.empty()
      case let step: try node.go(on: step, rooms: all, &redis, &chance)
      }
    }
    try node.settle(&redis)
    #expect(node.rooms.isLive)
    for name in Self.names { try node.check(name, redis) }
    node.checkStrays()
  }

  @Test(arguments: 1...60 as ClosedRange<UInt64>)
  func `numbers that somebody made up never come out of order`(seed: UInt64) throws {
    var chance = SplitMix64(seed: seed)
    var redis = ListRedis()
    var node = ModelNode()
    node.isDeceived = true
    node.connect(&redis)
    for _ in 0..<2000 {
      let step = Int.random(in: 0..<66, using: &chance)
      switch step {
      case 22:
        node.disconnect(&redis)
        redis.publish(in: Self.names.randomElement(using: &chance)!)
        node.connect(&redis)
      case 60..<66: redis.forge(in: Self.names.randomElement(using: &chance)!, &chance)
      default: try node.go(on: step, rooms: Self.names, &redis, &chance)
      }
    }
    // Nobody forges any more: it finds back.
    try node.settle(&redis)
    for name in Self.names { node.follow(name, &redis) }
    try node.settle(&redis)
    #expect(node.rooms.isLive && node.rooms.epoch == redis.epoch)
    for name in Self.names {
      // What is left of a forged past may cost one more history.
      let came = try (1...3).contains { _ in
        let number = redis.publish(in: name)
        try node.settle(&redis)
        return node.newest(in: name) == number
      }
      #expect(came && node.rooms.isReady(name))
    }
  }

  @Test func `ten thousand rooms are loaded a few at a time`() throws {
    var redis = ListRedis()
    var node = ModelNode()
    let names = (1...10_000).map { RoomName("room-\($0)")! }
    for name in names { redis.publish(in: name) }
    for name in names { node.follow(name, &redis) }
    for _ in 0..<2 {
      node.connect(&redis)
      var most = 0
      while !redis.isIdle || node.rooms.isHanding {
        redis.runSubscription()
        node.hear(&redis)
        // Whatever is asked for waits until all confirmations have come.
        if redis.pushes.count == 0 { redis.runCommand() }
        node.takeReply(&redis)
        node.handOn(&redis)
        most = max(most, redis.commands.count + redis.replies.count)
      }
      // When a history is met for the first time, the answers to what was asked before still come.
      #expect(most <= 2 * (node.rooms.bounds.loads + 1))
      #expect(node.rooms.isLive && names.allSatisfy(node.rooms.isReady))
      for name in names.shuffled().prefix(100) { try node.check(name, redis) }
      // Once more with all of them served.
      node.disconnect(&redis)
      for name in names { redis.publish(in: name) }
    }
  }
}

extension RedisRooms.Bounds {
  /// Small ones, unless said otherwise.
  static func make(
    loads: Int = 2, loadedBytes: Int = 1 << 20, heldBytes: Int = 1 << 20, steps: Int = 3
  ) -> RedisRooms.Bounds {
    var bounds = RedisRooms.Bounds()
    bounds.loads = loads
    bounds.loadedBytes = loadedBytes
    bounds.heldBytes = heldBytes
    bounds.steps = steps
    return bounds
  }
}
