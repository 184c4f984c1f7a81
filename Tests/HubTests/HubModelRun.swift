import EventStream
import Events
import TestSupport
import Testing

@testable import Hub

/// A run of random operations on a hub, beside a list of all messages ever published.
final class HubModelRun {
  struct Message {
    /// Its place in the list: 1, 2, 3, … over all epochs.
    let order: Int
    let id: EventID
    let room: String
    let text: String
  }

  /// All messages.
  struct Log {
    private(set) var all: [Message] = []
    private var byRoom: [String: [Message]] = [:]
    private var byID: [EventID: Int] = [:]
    /// The messages up to this place are of earlier epochs.
    private(set) var past = 0

    var count: Int { all.count }
    subscript(id: EventID) -> Message? { byID[id].map { all[$0 - 1] } }

    mutating func append(_ id: EventID, room: String, text: String) {
      let message = Message(order: count + 1, id: id, room: room, text: text)
      all.append(message)
      byRoom[room, default: []].append(message)
      byID[id] = message.order
    }

    mutating func beginEpoch() { past = count }

    func of(_ room: String, beyond order: Int) -> ArraySlice<Message> {
      let messages = byRoom[room] ?? []
      return messages[messages.partitioningIndex { $0.order > order }...]
    }
  }

  /// A line without an id.
  struct Stray {
    let room: String
    /// The place of the message before it, of all rooms.
    let after: Int
  }

  struct Stream {
    let token: StreamToken
    let rooms: [String]
    let framing: Framing
    /// The place of the message it said it had, if it said so in this history's words.
    let after: Int?
    let isFresh: Bool
    /// How much there was when it came: messages, those of earlier epochs, strays, epochs.
    let messagesAtStart: Int
    let pastAtStart: Int
    let straysAtStart: Int
    let epochsAtStart: Int
    /// What history held of its rooms when it came, beyond where it was.
    let history: [Message]
  }

  let fixture: Fixture
  private var chance: SplitMix64
  private let historyCount: Int
  private let names = ["a", "b", "c", "d"]
  /// With nobody blocked, nothing but the walk itself keeps frames that history has let go.
  private let blocks: Bool
  /// Half of the runs are those of a node alone: no strangers, one epoch.
  private let isShared: Bool
  private var budget = FanOutBudget()
  private(set) var messages = Log()
  private(set) var strays: [Stray] = []
  private(set) var epochs = 1
  private(set) var streams: [Int: Stream] = [:]
  private(set) var ended: [Int: Stream] = [:]
  /// What came of the one that has been there for longest.
  private var oldest: (handle: Int, received: Received)?

  init(seed: UInt64) {
    var chance = SplitMix64(seed: seed)
    let historyCount = [0, 1, 5, 40].randomElement(using: &chance)!
    fixture = Fixture {
      $0.historyCount = historyCount
      $0.historyAge = .seconds(60)
      $0.listenerLag = .seconds(20)
      $0.listenerLagBytes = 4000
      if seed % 3 == 0 { $0.retainedBytes = 3000 }
      $0.heartbeat = .seconds(3)
    }
    self.historyCount = historyCount
    self.chance = chance
    blocks = seed % 2 == 0
    isShared = seed % 4 < 2
    budget.time = .seconds(3600)
  }

  /// Does one thing.
  func step() throws {
    switch Int.random(in: 0..<22, using: &chance) {
    case 0..<8:
      let room = names.randomElement(using: &chance)!
      let text = String(repeating: "x", count: Int.random(in: 0...60, using: &chance))
      messages.append(fixture.publish(text, in: room), room: room, text: text)
    case 8..<10: open()
    case 10..<14: try flush()
    case 14..<18: giveRoom()
    case 18:
      guard let handle = streams.keys.sorted().randomElement(using: &chance) else { break }
      fixture.hub.remove(streams[handle]!.token, reason: .client)
    case 19: fixture.advance(.milliseconds(Int.random(in: 1...1500, using: &chance)))
    default: if isShared { interfere() }
    }
  }

  func takeClosed() {
    for handle in fixture.sink.takeClosed() {
      ended[handle] = streams.removeValue(forKey: handle)
    }
  }

  /// A feed keeps frames for exactly those that are behind and don't replay, the slowest first.
  func checkFloors() throws {
    let hub = fixture.hub
    for feed in hub.feeds.all {
      let slow = (0..<feed.members.count).map { hub.listeners[feed.members[$0]] }.filter {
        $0.flags.intersection([.behind, .replaying]) == .behind
      }
      let least = slow.map(\.cursor).min() ?? .max
      try #require(feed.floor <= least)
      if feed.pending == 0 { try #require(feed.floor == min(least, feed.head)) }
      guard let slowest = feed.backlog?.slowest else { continue }
      try #require(hub.listeners[slowest].cursor == least && feed.floor == least)
    }
  }

  /// A member that doesn't replay finds each message that it lacks in its feed.
  func checkLacked() throws {
    let hub = fixture.hub
    for stream in streams.values {
      guard let slot = hub.listeners.slot(of: stream.token) else { continue }
      let listener = hub.listeners[slot]
      guard listener.flags.isDisjoint(with: [.replaying, .doomed]) else { continue }
      let kept = Set(hub.feed(of: listener).lackedFrames.map(\.position))
      let lacked = stream.rooms.flatMap { messages.of($0, beyond: messages.past) }
        .map { hub.numbering.position(of: $0.id.number) }.filter { $0 > listener.cursor }
      try #require(kept.isSuperset(of: lacked), "\(listener)")
    }
  }

  /// What is kept is counted, in history and beyond it.
  func checkLedger() throws { try #require(fixture.hub.isLedgerRight) }

  /// Unblocks everybody, until all is delivered.
  func deliverAll() {
    for _ in 0..<2000 {
      for (handle, stream) in streams.sorted(by: { $0.key < $1.key }) {
        fixture.sink[handle].room = nil
        fixture.sink[handle].bite = .max
        fixture.hub.resume(stream.token)
      }
      if !fixture.hub.flush(clock: { .now }) { break }
    }
  }

  private func history(_ rooms: [String], beyond order: Int) -> [Message] {
    rooms.flatMap { messages.of($0, beyond: messages.past).suffix(historyCount) }
      .filter { $0.order > order }
  }

  private func open() {
    // Few sets, so that many share a feed; and now and then any other.
    let rooms = [
      ["a"], ["a"], ["b", "a"], names.shuffled(using: &chance).dropLast(1),
    ].randomElement(using: &chance)!
    let framing: Framing = Bool.random(using: &chance) ? .chunked : .plain
    let kind = Int.random(in: 0..<6, using: &chance)
    let number = Int.random(in: 0...(messages.count - messages.past), using: &chance)
    let others = ["z9-3", "what?"] + (epochs > 1 ? ["e\(epochs - 1)-1"] : [])
    let id: String? =
      kind < 2
      ? nil : kind == 5 ? others.randomElement(using: &chance)! : "\(fixture.epoch)-\(number)"
    let after = kind == 2 || kind == 3 || kind == 4 ? messages.past + number : nil
    let (handle, token) = fixture.subscribe(
      Array(rooms), after: id, framing: framing,
      room: blocks && Bool.random(using: &chance) ? Int.random(in: 0...400, using: &chance) : nil)
    streams[handle] = Stream(
      token: token, rooms: Array(rooms), framing: framing, after: after, isFresh: id == nil,
      messagesAtStart: messages.count, pastAtStart: messages.past,
      straysAtStart: strays.count, epochsAtStart: epochs,
      history: history(Array(rooms), beyond: after ?? messages.past))
  }

  private func flush() throws {
    budget.streams = Int.random(in: 1...6, using: &chance)
    let hasMore = fixture.hub.flush(budget: budget, clock: { .now })
    guard !hasMore, let handle = streams.keys.min(), let stream = streams[handle] else { return }
    // The fan-out is done: who isn't blocked has everything.
    guard fixture.sink[handle].room == nil, !fixture.sink[handle].isBlocked else { return }
    let newest = stream.rooms.compactMap {
      messages.of($0, beyond: stream.messagesAtStart).last?.order
    }.max()
    if oldest?.handle != handle {
      oldest = (handle, Received(framing: stream.framing))
    }
    try oldest!.received.read(fixture.sink[handle].bytes)
    #expect(newest == nil || oldest!.received.lastMessage(in: messages)?.order == newest)
  }

  /// Has a stream take something, or as good as nothing.
  private func giveRoom() {
    guard let handle = streams.keys.sorted().randomElement(using: &chance) else { return }
    fixture.sink[handle].room =
      !blocks || Bool.random(using: &chance) ? nil : Int.random(in: 0...300, using: &chance)
    if blocks {
      fixture.sink[handle].bite = [1, 7, 50, .max].randomElement(using: &chance)!
    }
    fixture.hub.resume(streams[handle]!.token)
  }

  /// What only a node that shares its rooms meets: a new history, or a line without an id.
  private func interfere() {
    if Int.random(in: 0..<40, using: &chance) == 0 {
      fixture.restart()
      messages.beginEpoch()
      epochs += 1
    } else {
      let room = names.randomElement(using: &chance)!
      fixture.publishStray("stray \(strays.count)", in: room)
      strays.append(Stray(room: room, after: messages.count))
    }
  }
}

extension DecodedEvent {
  /// Which line without an id it is; nil for what has one.
  var strayOrdinal: Int? {
    data.hasPrefix("stray ") ? Int(data.dropFirst("stray ".count)) : nil
  }
}

extension Received {
  /// The last that is a message with an id.
  fileprivate func lastMessage(in log: HubModelRun.Log) -> HubModelRun.Message? {
    events.last { $0.type == "message" && $0.strayOrdinal == nil }
      .flatMap { EventID($0.lastEventID) }.flatMap { log[$0] }
  }
}

extension Array {
  /// The first index whose element satisfies `predicate`, which holds for a suffix.
  fileprivate func partitioningIndex(where predicate: (Element) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if predicate(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
