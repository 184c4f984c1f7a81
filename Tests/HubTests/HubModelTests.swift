import EventStream
import TestSupport
import Testing

@testable import Hub

/// Random operations against the plainest model there is: a list of all messages ever published.
@Suite struct HubModelTests {
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

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func `every stream gets every message once and in order, or hears of the gap`(seed: UInt64)
    throws
  {
    var chance = SplitMix64(seed: seed)
    let historyCount = [0, 1, 5, 40].randomElement(using: &chance)!
    let fixture = Fixture {
      $0.historyCount = historyCount
      $0.historyAge = .seconds(60)
      $0.listenerLag = .seconds(20)
      $0.listenerLagBytes = 4000
      $0.heartbeat = .seconds(3)
    }
    let names = ["a", "b", "c", "d"]
    // With nobody blocked, nothing but the walk itself keeps frames that history has let go.
    let blocks = seed % 2 == 0
    // Half of the runs are those of a node alone: no strangers, one epoch.
    let isShared = seed % 4 < 2
    var messages = Log()
    var strays: [Stray] = []
    var epochs = 1
    var streams: [Int: Stream] = [:]
    var ended: [Int: Stream] = [:]
    // What came of the one that has been there for longest.
    var oldest: (handle: Int, received: Received)?
    var budget = FanOutBudget()
    budget.time = .seconds(3600)

    func history(_ rooms: [String], beyond order: Int) -> [Message] {
      rooms.flatMap { messages.of($0, beyond: messages.past).suffix(historyCount) }
        .filter { $0.order > order }
    }

    func open() {
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

    for _ in 0..<5000 {
      switch Int.random(in: 0..<22, using: &chance) {
      case 0..<8:
        let room = names.randomElement(using: &chance)!
        let text = String(repeating: "x", count: Int.random(in: 0...60, using: &chance))
        messages.append(fixture.publish(text, in: room), room: room, text: text)
      case 8..<10: open()
      case 10..<14:
        budget.streams = Int.random(in: 1...6, using: &chance)
        let hasMore = fixture.hub.flush(budget: budget, clock: { .now })
        guard !hasMore, let handle = streams.keys.min(), let stream = streams[handle] else { break }
        // The fan-out is done: who isn't blocked has everything.
        guard fixture.sink[handle].room == nil, !fixture.sink[handle].isBlocked else { break }
        let newest = stream.rooms.compactMap {
          messages.of($0, beyond: stream.messagesAtStart).last?.order
        }.max()
        if oldest?.handle != handle {
          oldest = (handle, Received(framing: stream.framing))
        }
        try oldest!.received.read(fixture.sink[handle].bytes)
        #expect(newest == nil || oldest!.received.lastMessage(in: messages)?.order == newest)
      case 14..<18:
        guard let handle = streams.keys.sorted().randomElement(using: &chance) else { break }
        fixture.sink[handle].room =
          !blocks || Bool.random(using: &chance) ? nil : Int.random(in: 0...300, using: &chance)
        if blocks {
          fixture.sink[handle].bite = [1, 7, 50, .max].randomElement(using: &chance)!
        }
        fixture.hub.resume(streams[handle]!.token)
      case 18:
        guard let handle = streams.keys.sorted().randomElement(using: &chance) else { break }
        fixture.hub.remove(streams[handle]!.token, reason: .client)
      case 19: fixture.advance(.milliseconds(Int.random(in: 1...1500, using: &chance)))
      default:
        guard isShared else { break }
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
      for handle in fixture.sink.takeClosed() {
        ended[handle] = streams.removeValue(forKey: handle)
      }
      try #require(fixture.hub.counters.listeners == streams.count)
    }

    for _ in 0..<2000 {
      for (handle, stream) in streams.sorted(by: { $0.key < $1.key }) {
        fixture.sink[handle].room = nil
        fixture.sink[handle].bite = .max
        fixture.hub.resume(stream.token)
      }
      if !fixture.hub.flush(clock: { .now }) { break }
    }
    for handle in fixture.sink.takeClosed() {
      ended[handle] = streams.removeValue(forKey: handle)
    }
    for (handle, stream) in streams.merging(ended, uniquingKeysWith: { $1 }) {
      let isOpen = !fixture.sink[handle].isClosed
      let received = try fixture.received(handle, framing: stream.framing)
      let arrivals = try arrivals(received, messages)
      check(
        stream, arrivals, received.gaps, messages, isOpen, restarts: epochs - stream.epochsAtStart)
      check(stream, arrivals, isOpen, strays)
    }
    #expect(fixture.hub.counters.opened == streams.count + ended.count)
    #expect(
      CloseReason.allCases.map(fixture.hub.counters.closed).reduce(0, +) == ended.count)

    fixture.hub.removeAll(reason: .drain)
    fixture.advance(.seconds(61))
    #expect(fixture.hub.flights.isEmpty)
    let left = fixture.hub.counters
    #expect(left.listeners == 0 && left.rooms == 0)
    #expect(left.historyEntries == 0 && left.historyBytes == 0)
  }

  /// What came of lines, in its order.
  enum Arrival {
    case message(Message)
    case stray(Int)
  }

  private func arrivals(_ received: Received, _ messages: Log) throws -> [Arrival] {
    try received.events.filter { $0.type == "message" }.map { event in
      if let ordinal = event.strayOrdinal { return .stray(ordinal) }
      let id = try #require(EventID(event.lastEventID))
      let message = try #require(messages[id])
      #expect(message.text == event.data)
      return .message(message)
    }
  }

  /// - Parameters:
  ///   - isOpen: the stream lives, so it has everything by now.
  ///   - restarts: how often a new history began while it lived, or afterwards.
  private func check(
    _ stream: Stream, _ arrivals: [Arrival], _ gaps: [String], _ messages: Log, _ isOpen: Bool,
    restarts: Int
  ) {
    let arrived: [Message] = arrivals.compactMap {
      if case .message(let message) = $0 { message } else { nil }
    }
    let orders = arrived.map(\.order)
    #expect(zip(orders, orders.dropFirst()).allSatisfy(<))
    #expect(arrived.allSatisfy { stream.rooms.contains($0.room) })
    // Told of each new history once for each room, and before anything of it.
    for room in stream.rooms {
      let told = gaps.count {
        $0.contains("\"room\":\"\(room)\"") && $0.contains("restarted")
      }
      let atStart = stream.after == nil && !stream.isFresh ? 1 : 0
      #expect(isOpen ? told >= restarts : told <= restarts + atStart)
    }
    if stream.isFresh {
      let expected = stream.rooms.flatMap { messages.of($0, beyond: stream.messagesAtStart) }
        .map(\.order).sorted()
      #expect(orders.elementsEqual(expected.prefix(orders.count)))
      #expect(!isOpen || orders.count == expected.count)
      #expect(gaps.allSatisfy { $0.contains("restarted") })
      #expect(!isOpen || gaps.count == restarts * stream.rooms.count)
      return
    }
    guard isOpen else { return }
    for room in stream.rooms {
      let all = messages.of(room, beyond: stream.after ?? stream.pastAtStart).map(\.order)
      let got = arrived.filter { $0.room == room }.map(\.order)
      // What came is contiguous to the newest, and covers what history held.
      #expect(got.elementsEqual(all.suffix(got.count)))
      let held = stream.history.filter { $0.room == room }.map(\.order)
      #expect(Set(held).isSubset(of: got))
      let told = gaps.count { $0.contains("\"room\":\"\(room)\"") }
      let atStart = stream.after == nil || got.count != all.count ? 1 : 0
      #expect(told == atStart + restarts, "\(room) \(gaps) \(got) \(all)")
    }
  }

  /// Lines without an id: each at most once, in its place, and only those that came while the stream
  /// was there; all of them, unless it came to be sent history first.
  private func check(
    _ stream: Stream, _ arrivals: [Arrival], _ isOpen: Bool, _ strays: [Stray]
  ) {
    var newest = 0
    var got: [Int] = []
    var bound = 0
    for arrival in arrivals {
      switch arrival {
      case .stray(let ordinal):
        let stray = strays[ordinal]
        #expect(stream.rooms.contains(stray.room) && ordinal >= stream.straysAtStart)
        #expect(ordinal > got.last ?? -1, "twice, or swapped")
        #expect(newest <= stray.after, "it came before message \(newest)")
        bound = max(bound, stray.after)
        got.append(ordinal)
      case .message(let message):
        newest = message.order
        #expect(newest > bound, "it came after a stray that was later")
      }
    }
    guard isOpen, stream.isFresh else { return }
    let expected = strays.indices.filter {
      $0 >= stream.straysAtStart && stream.rooms.contains(strays[$0].room)
    }
    #expect(got == expected)
  }
}

extension DecodedEvent {
  /// Which line without an id it is; nil for what has one.
  fileprivate var strayOrdinal: Int? {
    data.hasPrefix("stray ") ? Int(data.dropFirst("stray ".count)) : nil
  }
}

extension Received {
  /// The last that is a message with an id.
  fileprivate func lastMessage(in log: HubModelTests.Log) -> HubModelTests.Message? {
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
