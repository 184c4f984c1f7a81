import EventStream
import Hub
import TestSupport
import Testing

@testable import BelfryServer

/// What a node does with what Redis sends, against a Redis that is a few lists.
@Suite struct RedisRoomsTests {
  @Test(arguments: 1...200 as ClosedRange<UInt64>)
  func `whatever happens, all that is published comes once and in order, or is told to be lost`(
    seed: UInt64
  ) throws {
    var chance = SplitMix64(seed: seed)
    let names = ["a", "b", "c"].map { RoomName($0)! }
    // Some of the runs trim so much that gaps come about, and some lose what was taken.
    var redis = ListRedis(kept: seed % 3 == 0 ? 3 : .max)
    let losesData = seed % 2 == 0
    var node = ModelNode()
    node.connect(&redis)
    for _ in 0..<3000 {
      switch Int.random(in: 0..<60, using: &chance) {
      case 0..<15: redis.publish(in: names.randomElement(using: &chance)!)
      case 15..<18: redis.say(in: names.randomElement(using: &chance)!)
      case 18..<20: node.follow(names.randomElement(using: &chance)!, &redis)
      case 20: node.unfollow(names.randomElement(using: &chance)!, &redis)
      case 21: node.sendHeartbeat(&redis)
      case 22 where Bool.random(using: &chance):
        node.disconnect(&redis)
        if losesData, Bool.random(using: &chance) {
          redis.restart(losing: Int.random(in: 0...5, using: &chance))
        }
        // Others go on while this node is away.
        for _ in 0..<Int.random(in: 0...6, using: &chance) {
          redis.publish(in: names.randomElement(using: &chance)!)
        }
        node.connect(&redis)
      case 23 where losesData && Int.random(in: 0..<20, using: &chance) == 0: redis.empty()
      case 24..<34: redis.runCommand()
      case 34..<40: redis.runSubscription()
      case 40..<50: try node.hear(&redis)
      default: try node.takeReply(&redis)
      }
    }
    try node.settle(&redis)
    #expect(node.rooms.isLive)
    for name in names { try node.check(name, redis) }
    #expect(node.strays.allSatisfy { $0.hasPrefix("stranger") })
    #expect(Set(node.strays).count == node.strays.count)
  }

  // MARK: Single steps

  private let epoch = Epoch("e1")!
  private let chat = RoomName("chat")!

  /// A node that follows `chat` and has its messages up to 5.
  private func live() -> RedisRooms {
    var rooms = RedisRooms()
    _ = rooms.follow(chat)
    let heartbeat = token(of: rooms.connected())
    _ = rooms.marked(RedisMarker(token: heartbeat, epoch: epoch, newest: 5))
    // The epoch is adopted, and everything asked for anew.
    let second = heartbeat + 1
    _ = rooms.marked(RedisMarker(token: second, epoch: epoch, newest: 5))
    _ = rooms.subscribed(chat)
    let load = token(of: rooms.subscribed(chat))
    _ = rooms.loaded(page([5]), of: chat, token: load)
    _ = rooms.marked(RedisMarker(token: load, epoch: epoch, newest: 5))
    return rooms
  }

  private func page(_ numbers: [UInt64], isLast: Bool = true) -> RedisPage {
    RedisPage(
      epoch: epoch, newest: numbers.last ?? 0, roomNewest: numbers.last, isLast: isLast,
      messages: numbers.map { message($0) })
  }

  private func message(_ number: UInt64, after: UInt64? = nil) -> RedisMessage {
    RedisMessage(
      number: number, predecessor: .number(after ?? number - 1), text: "line \(number)")
  }

  private func envelope(_ number: UInt64, after: UInt64? = nil, epoch: String = "e1")
    -> RedisEnvelope
  {
    RedisEnvelope(
      Array("1 \(epoch)-\(number) \(after ?? number - 1) 0 3\nAnnline \(number)".utf8))!
  }

  private func token(of actions: [RedisRooms.Action]) -> UInt64 {
    for case .load(_, _, let token, _) in actions { return token }
    return 0
  }

  @Test func `an envelope is handed on, and its twin is not`() {
    var rooms = live()
    #expect(rooms.isReady(chat))
    #expect(rooms.received(envelope(6), in: chat) == [.hand(.message(chat, message(6)))])
    #expect(rooms.received(line: Array("line 6".utf8), in: chat) == [])
    // The same once more is what a stranger says.
    let stray = Array("line 6".utf8)
    #expect(rooms.received(line: stray, in: chat) == [.hand(.stray(chat, stray))])
    #expect(rooms.newest == 6)
  }

  @Test func `a line that is not the twin that was announced is a stranger's`() {
    var rooms = live()
    _ = rooms.received(envelope(6), in: chat)
    let stray = Array("something else".utf8)
    #expect(rooms.received(line: stray, in: chat) == [.hand(.stray(chat, stray))])
    let twin = Array("line 6".utf8)
    #expect(rooms.received(line: twin, in: chat) == [.hand(.stray(chat, twin))])
  }

  @Test func `what arrives twice is dropped, and what is missing is fetched`() {
    var rooms = live()
    _ = rooms.received(envelope(6), in: chat)
    #expect(rooms.received(envelope(6), in: chat) == [])
    #expect(rooms.received(envelope(4), in: chat) == [])
    let actions = rooms.received(envelope(9), in: chat)
    #expect(
      actions.contains {
        if case .load(chat, after: 6, token: _, lost: nil) = $0 { true } else { false }
      })
    #expect(!rooms.isLive)
  }

  @Test func `a broken link hands on nothing until everything is loaded, and then in order`() {
    var rooms = live()
    rooms.disconnected()
    #expect(!rooms.isReady(chat))
    #expect(rooms.received(envelope(6), in: chat) == [])
    let actions = rooms.connected()
    #expect(actions.first == .subscribe([chat]))
    let heartbeat = token(of: actions)
    _ = rooms.subscribed(chat)
    let load = token(of: rooms.subscribed(chat))
    #expect(rooms.received(envelope(8), in: chat) == [])
    #expect(rooms.received(line: Array("line 8".utf8), in: chat) == [])
    #expect(rooms.received(line: Array("stranger".utf8), in: chat) == [])
    #expect(
      rooms.loaded(page([6], isLast: false), of: chat, token: load)
        == [.load(chat, after: 6, token: load, lost: nil)])
    #expect(rooms.loaded(page([7, 8]), of: chat, token: load) == [])
    #expect(rooms.marked(RedisMarker(token: load, epoch: epoch, newest: 8)) == [])
    #expect(
      rooms.marked(RedisMarker(token: heartbeat, epoch: epoch, newest: 8)) == [
        .hand(.message(chat, message(6))), .hand(.message(chat, message(7))),
        .hand(.message(chat, message(8))), .hand(.stray(chat, Array("stranger".utf8))),
        .advance(8), .live,
      ])
    #expect(rooms.received(envelope(9), in: chat) == [.hand(.message(chat, message(9)))])
  }

  @Test func `an answer to what was asked before is no answer`() {
    var rooms = live()
    rooms.disconnected()
    let heartbeat = token(of: rooms.connected())
    let old = RedisMarker(token: heartbeat - 1, epoch: Epoch("e0")!, newest: 99)
    #expect(rooms.marked(old) == [])
    #expect(rooms.loaded(page([6]), of: chat, token: heartbeat - 1) == [])
    #expect(rooms.epoch == epoch)
  }

  @Test func `a Redis that lacks what was seen is told to begin anew`() {
    for page in [
      RedisPage(epoch: epoch, newest: 99, roomNewest: 4),
      RedisPage(epoch: epoch, newest: 99, floor: 4, roomNewest: nil),
      RedisPage(
        epoch: epoch, newest: 99, roomNewest: 99,
        messages: [RedisMessage(number: 99, predecessor: .number(4), text: "")]),
    ] {
      var rooms = live()
      rooms.disconnected()
      _ = rooms.connected()
      _ = rooms.subscribed(chat)
      let load = token(of: rooms.subscribed(chat))
      let actions = rooms.loaded(page, of: chat, token: load)
      #expect(
        actions.contains {
          if case .load(chat, after: 5, token: _, lost: epoch) = $0 { true } else { false }
        }, "\(page)")
    }
  }

  @Test func `leftovers of an earlier subscription are not taken for strangers' lines`() {
    var rooms = live()
    #expect(rooms.unfollow(chat) == [.unsubscribe(chat)])
    #expect(rooms.follow(chat) == [.subscribe([chat])])
    #expect(rooms.received(line: Array("line 6".utf8), in: chat) == [])
    #expect(rooms.received(envelope(7), in: chat) == [])
    _ = rooms.subscribed(chat)
    #expect(rooms.received(line: Array("line 7".utf8), in: chat) == [])
    // Left and come back before the confirmations: those that come first are of the first time.
    _ = rooms.unfollow(chat)
    _ = rooms.follow(chat)
    #expect(rooms.subscribed(chat) == [])
    _ = rooms.unfollow(chat)
    #expect(rooms.subscribed(chat) == [])
    _ = rooms.follow(chat)
    for _ in 0..<2 { #expect(rooms.subscribed(chat) == []) }
    #expect(token(of: rooms.subscribed(chat)) > 0)
  }
}

/// A Redis of lists: what is published, and one connection pair, whose commands run and whose answers
/// arrive when the test lets them.
private struct ListRedis {
  struct Command {
    let room: RoomName?
    let after: UInt64
    let token: UInt64
    let lost: Epoch?
    let known: (epoch: Epoch?, number: UInt64)
  }

  enum Push {
    case subscribed(RoomName)
    case envelope(RoomName, RedisEnvelope)
    case line(RoomName, [UInt8])
    case marker(RedisMarker)
  }

  enum Subscription {
    case to([RoomName])
    case off(RoomName)
  }

  /// Messages that a room keeps.
  let kept: Int
  private(set) var epoch = Epoch("e1")!
  private var epochs = 1
  private var newest: UInt64 = 0
  private var leap: UInt64 = 0
  private var strangers = 0
  /// All messages of this epoch, in their order.
  private(set) var all: [(room: RoomName, message: RedisMessage)] = []
  private var followed: Set<RoomName> = []
  var commands: [Command] = []
  var subscriptions: [Subscription] = []
  var pushes: [Push] = []
  var replies: [(page: RedisPage, command: Command)] = []

  init(kept: Int) { self.kept = kept }

  func messages(of room: RoomName) -> [RedisMessage] {
    all.filter { $0.room == room }.map(\.message)
  }

  mutating func publish(in room: RoomName) {
    newest += 1 + leap
    leap = 0
    let before = messages(of: room).last?.number
    let message = RedisMessage(
      number: newest, predecessor: before.map { .number($0) } ?? .unknown(through: 0),
      text: "\(room)\(newest)")
    all.append((room, message))
    guard followed.contains(room) else { return }
    let origin = before.map { "\($0)" } ?? "?0"
    let envelope = RedisEnvelope(Array("1 \(epoch)-\(newest) \(origin) 0 0\n\(message.text)".utf8))!
    pushes += [.envelope(room, envelope), .line(room, Array(envelope.line))]
  }

  /// A stranger's line.
  mutating func say(in room: RoomName) {
    strangers += 1
    if followed.contains(room) { pushes.append(.line(room, Array("stranger \(strangers)".utf8))) }
  }

  mutating func empty() {
    epochs += 1
    epoch = Epoch("e\(epochs)")!
    newest = 0
    leap = 0
    all = []
  }

  /// Another process, which lacks the newest messages.
  mutating func restart(losing count: Int) {
    all.removeLast(min(count, all.count))
    newest = all.last?.message.number ?? 0
    leap = 1000
  }

  mutating func disconnect() {
    followed = []
    commands = []
    subscriptions = []
    pushes = []
    replies = []
  }

  mutating func runSubscription() {
    guard !subscriptions.isEmpty else { return }
    switch subscriptions.removeFirst() {
    case .to(let rooms):
      followed.formUnion(rooms)
      for room in rooms { pushes += [.subscribed(room), .subscribed(room)] }
    case .off(let room): followed.remove(room)
    }
  }

  mutating func runCommand() {
    guard !commands.isEmpty else { return }
    let command = commands.removeFirst()
    if command.known.epoch == epoch, command.known.number > newest || command.lost == epoch {
      empty()
    }
    var page = RedisPage(epoch: epoch, newest: newest, roomNewest: nil)
    if let room = command.room {
      let messages = messages(of: room)
      page.roomNewest = messages.last?.number
      let after = command.known.epoch == epoch ? command.after : 0
      let found = messages.suffix(kept).filter { $0.number > after }
      page.messages = Array(found.prefix(2))
      page.isLast = found.count <= 2
    }
    replies.append((page, command))
    guard page.isLast else { return }
    pushes.append(.marker(RedisMarker(token: command.token, epoch: epoch, newest: newest)))
  }
}

/// A node whose hub is a list for each room.
private struct ModelNode {
  /// What a room was given.
  private struct Log {
    /// It has all messages after this number.
    var start: UInt64
    var numbers: [UInt64]
    var gaps: [ClosedRange<UInt64>] = []
  }

  var rooms = RedisRooms()
  private(set) var strays: [String] = []
  private var logs: [RoomName: Log] = [:]
  private var epoch: Epoch?
  private var newest: UInt64 = 0

  mutating func connect(_ redis: inout ListRedis) { perform(rooms.connected(), &redis) }

  mutating func disconnect(_ redis: inout ListRedis) {
    redis.disconnect()
    rooms.disconnected()
  }

  mutating func follow(_ name: RoomName, _ redis: inout ListRedis) {
    perform(rooms.follow(name), &redis)
  }

  mutating func unfollow(_ name: RoomName, _ redis: inout ListRedis) {
    logs[name] = nil
    perform(rooms.unfollow(name), &redis)
  }

  mutating func sendHeartbeat(_ redis: inout ListRedis) {
    perform(rooms.heartbeat().actions, &redis)
  }

  /// Takes what comes over the subscribing connection.
  mutating func hear(_ redis: inout ListRedis) throws {
    guard !redis.pushes.isEmpty else { return }
    switch redis.pushes.removeFirst() {
    case .subscribed(let room): perform(rooms.subscribed(room), &redis)
    case .envelope(let room, let envelope): perform(rooms.received(envelope, in: room), &redis)
    case .line(let room, let line): perform(rooms.received(line: line, in: room), &redis)
    case .marker(let marker): perform(rooms.marked(marker), &redis)
    }
  }

  /// Takes an answer from the connection for commands.
  mutating func takeReply(_ redis: inout ListRedis) throws {
    guard !redis.replies.isEmpty else { return }
    let (page, command) = redis.replies.removeFirst()
    perform(rooms.loaded(page, of: command.room, token: command.token), &redis)
  }

  /// Lets everything come that is on its way.
  mutating func settle(_ redis: inout ListRedis) throws {
    sendHeartbeat(&redis)
    for _ in 0..<10_000 {
      redis.runSubscription()
      redis.runCommand()
      try hear(&redis)
      try takeReply(&redis)
    }
    #expect(redis.pushes.isEmpty && redis.replies.isEmpty && redis.commands.isEmpty)
  }

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
      case .enter(let name, let history):
        #expect(logs[name] == nil)
        #expect(history.messages.allSatisfy { $0.number > history.droppedThrough })
        logs[name] = Log(
          start: history.droppedThrough, numbers: history.messages.map(\.number))
        newest = max(newest, history.messages.last?.number ?? 0)
      case .hand(.message(let name, let message)):
        // Over all rooms, so that a listener of several gets them in order.
        #expect(message.number > newest, "\(message.number) after \(newest)")
        newest = message.number
        #expect(logs[name] != nil)
        logs[name]?.numbers.append(message.number)
      case .hand(.stray(let name, let line)):
        #expect(logs[name] != nil)
        strays.append(String(decoding: line, as: UTF8.self))
      case .hand(.gap(let name, let after, let through, _, _)):
        #expect(through > after)
        logs[name]?.gaps.append(after + 1...through)
      case .advance(let number): newest = max(newest, number)
      case .restart(let epoch, _):
        #expect(epoch != self.epoch)
        self.epoch = epoch
        newest = 0
        for name in logs.keys { logs[name] = Log(start: 0, numbers: []) }
      case .live: break
      }
    }
  }

  /// Holds what a room was given against what was published in it.
  func check(_ name: RoomName, _ redis: ListRedis) throws {
    guard let log = logs[name] else { return }
    #expect(epoch == redis.epoch && rooms.isReady(name))
    let published = redis.messages(of: name).map(\.number)
    let untold = log.numbers.isEmpty ? 0 : log.numbers[0] - 1
    let expected = published.filter { number in
      number > log.start && !log.gaps.contains { $0.contains(number) }
    }
    // After a restart the first message says where the new history begins.
    let isTrimmed = redis.kept != .max && log.start == 0
    #expect(
      log.numbers == (isTrimmed ? expected.filter { $0 > untold } : expected),
      "\(name) of \(published), gaps \(log.gaps), start \(log.start)")
  }
}
