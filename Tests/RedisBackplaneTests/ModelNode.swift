import EventStream
import Events
import Hub
import Reactor
import TestSupport
import Testing

@testable import RedisBackplane

/// A node whose hub is a list for each room.
struct ModelNode {
  /// What a room was given.
  private struct Log {
    /// Where it begins; nothing is said of what was before.
    var start: HistoryStart
    var numbers: [UInt64]
    var gaps: [(lost: ClosedRange<UInt64>, reason: GapReason)] = []

    func isTold(of number: UInt64) -> Bool {
      number <= max(start.droppedThrough, start.unknownThrough)
        || gaps.contains { $0.lost.contains(number) }
    }
  }

  var rooms = RedisRooms()
  /// Redis forgets rooms: only then may it be unknown what was lost.
  var pushesOut = false
  /// Somebody plays with the data: what is told need not be true, but it must be in order.
  var isDeceived = false
  private var logs: [RoomName: Log] = [:]
  private var epoch: Epoch?
  private var newest: UInt64 = 0
  /// Strangers' lines that came and were not handed on yet.
  private var strays: [RoomName: [String]] = [:]

  func newest(in name: RoomName) -> UInt64? { logs[name]?.numbers.last }

  // MARK: What happens

  mutating func connect(_ redis: inout ListRedis) { perform(rooms.connected(), &redis) }

  mutating func disconnect(_ redis: inout ListRedis) {
    redis.disconnect()
    rooms.disconnected()
    strays = [:]
  }

  mutating func follow(_ name: RoomName, _ redis: inout ListRedis) {
    perform(rooms.follow(name), &redis)
  }

  mutating func unfollow(_ name: RoomName, _ redis: inout ListRedis) {
    logs[name] = nil
    strays[name] = nil
    perform(rooms.unfollow(name), &redis)
  }

  mutating func sendHeartbeat(_ redis: inout ListRedis) {
    perform(rooms.heartbeat().actions, &redis)
  }

  /// What a turn of the loop ends with.
  mutating func handOn(_ redis: inout ListRedis) { perform(rooms.handOn(), &redis) }

  /// Takes what comes over the subscribing connection.
  mutating func hear(_ redis: inout ListRedis) {
    switch redis.pushes.popFirst() {
    case nil: break
    case .subscribed(let room)?: perform(rooms.subscribed(room), &redis)
    case .envelope(let room, let envelope)?: perform(rooms.received(envelope, in: room), &redis)
    case .line(let room, let line)?:
      let text = String(decoding: line, as: UTF8.self)
      if logs[room] != nil, text.hasPrefix("stranger") { strays[room, default: []].append(text) }
      perform(rooms.received(line: line, in: room), &redis)
    case .marker(let marker)?: perform(rooms.marked(marker), &redis)
    }
  }

  /// Takes an answer from the connection for commands.
  mutating func takeReply(_ redis: inout ListRedis) {
    guard !redis.replies.isEmpty else { return }
    let (page, command) = redis.replies.removeFirst()
    perform(rooms.loaded(page, of: command.room, token: command.token), &redis)
  }

  /// One of sixty things that may happen.
  mutating func go(
    on step: Int, rooms names: [RoomName], _ redis: inout ListRedis, _ chance: inout SplitMix64
  ) throws {
    let name = names.randomElement(using: &chance)!
    switch step {
    case 0..<15: redis.publish(in: name)
    case 15..<18: redis.say(in: name)
    case 18..<20: follow(name, &redis)
    case 20: unfollow(name, &redis)
    case 21: sendHeartbeat(&redis)
    case 24..<32: redis.runCommand()
    case 32..<38: redis.runSubscription()
    case 38..<48: hear(&redis)
    case 48..<51: handOn(&redis)
    default: takeReply(&redis)
    }
  }

  /// Lets everything come that is on its way.
  mutating func settle(_ redis: inout ListRedis) throws {
    sendHeartbeat(&redis)
    for _ in 0..<20_000 where !redis.isIdle || rooms.isHanding {
      redis.runSubscription()
      redis.runCommand()
      hear(&redis)
      takeReply(&redis)
      handOn(&redis)
    }
    try #require(redis.isIdle, "it does not come to rest")
  }

  // MARK: What is done about it

  private mutating func perform(_ actions: [RedisRooms.Action], _ redis: inout ListRedis) {
    for action in actions {
      switch action {
      case .subscribe(let names): redis.subscriptions.append(.to(names))
      case .unsubscribe(let name): redis.subscriptions.append(.off(name))
      case .load(let room, let after, let token, let lost):
        redis.commands.append(
          .init(
            room: room, after: after, token: token, lost: lost,
            known: (rooms.epoch, rooms.newest)))
      case .enter(let name, let history): enter(name, history)
      case .hand(let step): take(step)
      case .advance(let number): newest = max(newest, number)
      case .restart(let epoch, let starts):
        #expect(epoch != self.epoch)
        #expect(starts.keys.sorted() == logs.keys.sorted())
        self.epoch = epoch
        newest = 0
        logs = starts.mapValues { Log(start: $0, numbers: []) }
      case .live: break
      case .fail(let reason): Issue.record("\(reason)")
      }
    }
  }

  private mutating func enter(_ name: RoomName, _ history: RoomHistory) {
    #expect(logs[name] == nil)
    let numbers = history.messages.map(\.number)
    #expect(zip(numbers, numbers.dropFirst()).allSatisfy(<))
    #expect(numbers.allSatisfy { $0 > max(history.droppedThrough, history.unknownThrough) })
    logs[name] = Log(
      start: HistoryStart(
        droppedThrough: history.droppedThrough, unknownThrough: history.unknownThrough),
      numbers: numbers)
    newest = max(newest, numbers.last ?? 0)
  }

  private mutating func take(_ step: RedisCatchUp.Step) {
    #expect(logs[step.room] != nil)
    switch step {
    case .message(let name, let message):
      // Over all rooms, so that a listener of several gets them in order.
      #expect(message.number > newest, "\(message.number) after \(newest)")
      newest = message.number
      logs[name]?.numbers.append(message.number)
    case .stray(let name, let line):
      #expect(strays[name]?.isEmpty == false)
      #expect(strays[name]?.removeFirst() == String(decoding: line, as: UTF8.self))
    case .gap(let name, let after, let through, let oldest, let reason):
      #expect(through > after)
      #expect(oldest.map { $0 > through } ?? true)
      logs[name]?.gaps.append((after + 1...max(through, after + 1), reason))
    }
  }

  // MARK: What it has come to

  /// Holds what a room was given against what was published in it.
  func check(_ name: RoomName, _ redis: ListRedis) throws {
    guard let log = logs[name] else { return }
    #expect(epoch == redis.epoch && rooms.isReady(name))
    let published = redis.messages(of: name).map(\.number)
    let expected = published.filter { !log.isTold(of: $0) }
    #expect(
      log.numbers == expected, "\(name) of \(published), gaps \(log.gaps), start \(log.start)")
    // What is said to be lost was there.
    let ends = log.gaps.filter { $0.reason == .expired }.map(\.lost.upperBound)
    for number in ends + [log.start.droppedThrough] where number > 0 {
      #expect(published.contains(number), "\(name): \(number) was never published")
    }
    if !pushesOut {
      #expect(log.start.unknownThrough == 0 && !log.gaps.contains { $0.reason == .unknown })
    }
  }

  /// Every stranger's line that came was handed on, unless nobody was there any more.
  func checkStrays() {
    let left = strays.values.flatMap { $0 }
    #expect(left.isEmpty)
  }
}
