import EventStream
import Events
import Reactor
import TestSupport

@testable import RedisBackplane

/// A Redis of lists: what is published, and one connection pair, whose commands run and whose answers
/// arrive when the test lets them.
struct ListRedis {
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

  /// What is lost when it forgets the newest.
  private struct Data {
    var newest: UInt64 = 0
    var floor: UInt64 = 0
    /// The newest message of each room that is known.
    var rooms: [RoomName: UInt64] = [:]
    /// All messages of this epoch.
    var published: [RoomName: [RedisMessage]] = [:]
    /// What is pushed out is in no stream.
    var deletedThrough: [RoomName: UInt64] = [:]
  }

  /// Messages that a room keeps.
  private let kept: Int
  private let maximumRooms: Int
  private(set) var epoch = Epoch("e1")!
  private var epochs = 1
  private var leap: UInt64 = 0
  private var strangers = 0
  private var data = Data()
  /// How it was before each of the newest messages.
  private var past: [Data] = []
  private var followed: Set<RoomName> = []
  var commands: [Command] = []
  var subscriptions: [Subscription] = []
  var pushes = Queue<Push>()
  var replies: [(page: RedisPage, command: Command)] = []

  init(kept: Int = .max, maximumRooms: Int = .max) {
    self.kept = kept
    self.maximumRooms = maximumRooms
  }

  /// Nothing is on its way.
  var isIdle: Bool {
    commands.isEmpty && subscriptions.isEmpty && pushes.count == 0 && replies.isEmpty
  }

  /// All messages of a room in this epoch, whether or not it still has them.
  func messages(of room: RoomName) -> [RedisMessage] { data.published[room] ?? [] }

  @discardableResult
  mutating func publish(in room: RoomName) -> UInt64 {
    // With many rooms nothing is taken back.
    if data.rooms.count < 10 {
      past.append(data)
      if past.count > 5 { past.removeFirst() }
    }
    data.newest += 1 + leap
    leap = 0
    let number = data.newest
    let origin = data.rooms[room].map { "\($0)" } ?? "?\(data.floor)"
    let message = RedisMessage(
      number: number, predecessor: Predecessor(utf8: Array(origin.utf8)[...])!,
      event: .said("\(room)\(number)", in: room.text))
    data.published[room, default: []].append(message)
    data.rooms[room] = number
    if data.rooms.count > maximumRooms, let silent = data.rooms.min(by: { $0.value < $1.value }) {
      data.rooms[silent.key] = nil
      data.deletedThrough[silent.key] = silent.value
      data.floor = max(data.floor, silent.value)
    }
    if followed.contains(room) {
      push("2 \(epoch)-\(number) \(origin)", message.event, in: room)
      pushes.append(.line(room, Array(message.event.data.utf8)))
    }
    return number
  }

  private mutating func push(_ head: String, _ event: Event, in room: RoomName) {
    let bytes = Array("\(head) \(LineHash(of: event.data.utf8).rawValue)\n".utf8) + event.encoded
    guard let envelope = RedisEnvelope(bytes) else { return }
    pushes.append(.envelope(room, envelope))
  }

  /// A stranger's line.
  mutating func say(in room: RoomName) {
    strangers += 1
    if followed.contains(room) { pushes.append(.line(room, Array("stranger \(strangers)".utf8))) }
  }

  /// Somebody who knows how makes numbers up: in an envelope, in a marker, or in what is stored.
  mutating func forge(in room: RoomName, _ chance: inout SplitMix64) {
    let number = data.newest + UInt64.random(in: 0...30, using: &chance)
    let other = UInt64.random(in: 0...number, using: &chance)
    switch Int.random(in: 0..<4, using: &chance) {
    case 0, 1:
      let origin = (Bool.random(using: &chance) ? "?" : "") + "\(other)"
      if followed.contains(room) {
        push("2 \(epoch)-\(number) \(origin)", .said("forged"), in: room)
      }
    case 2:
      let token = (commands.last?.token ?? 1) + UInt64.random(in: 0...2, using: &chance)
      pushes.append(.marker(RedisMarker(token: token, epoch: epoch, newest: number)))
    default:
      guard let place = replies.indices.randomElement(using: &chance) else { return }
      replies[place].page.floor = other
      replies[place].page.roomNewest = Bool.random(using: &chance) ? number : nil
      var last: UInt64 = 0
      for index in replies[place].page.messages.indices {
        let before = last
        last += UInt64.random(in: 1...20, using: &chance)
        replies[place].page.messages[index].number = last
        replies[place].page.messages[index].predecessor = .number(before)
      }
    }
  }

  mutating func empty() {
    epochs += 1
    epoch = Epoch("e\(epochs)")!
    leap = 0
    data = Data()
    past = []
  }

  /// Another process, which lacks the newest messages.
  mutating func restart(losing count: Int) {
    if count > 0, !past.isEmpty {
      data = past[max(0, past.count - count)]
      past = []
    }
    leap = 1000
  }

  mutating func disconnect() {
    followed = []
    commands = []
    subscriptions = []
    pushes.removeAll()
    replies = []
  }

  mutating func runSubscription() {
    guard !subscriptions.isEmpty else { return }
    switch subscriptions.removeFirst() {
    case .to(let rooms):
      followed.formUnion(rooms)
      for room in rooms {
        pushes.append(.subscribed(room))
        pushes.append(.subscribed(room))
      }
    case .off(let room): followed.remove(room)
    }
  }

  mutating func runCommand() {
    guard !commands.isEmpty else { return }
    let command = commands.removeFirst()
    let isBehind = command.known.number > data.newest || command.lost == epoch
    if command.known.epoch == epoch, isBehind { empty() }
    var page = RedisPage(epoch: epoch, newest: data.newest, floor: data.floor, roomNewest: nil)
    if let room = command.room, command.known.epoch == epoch {
      // A page of another epoch than the one that is known is empty.
      page.roomNewest = data.rooms[room]
      let after = max(command.after, data.deletedThrough[room] ?? 0)
      let found = messages(of: room).suffix(kept).filter { $0.number > after }
      page.messages = Array(found.prefix(2))
      page.isLast = found.count <= 2
    }
    replies.append((page, command))
    guard page.isLast else { return }
    pushes.append(.marker(RedisMarker(token: command.token, epoch: epoch, newest: data.newest)))
  }
}
