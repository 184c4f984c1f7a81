import EventStream
import Hub
import TestSupport
import Testing

/// Random operations against the plainest model there is: a list of all messages ever published.
@Suite struct HubModelTests {
  struct Message {
    let number: UInt64
    let room: String
    let text: String
  }

  /// All messages; their numbers are 1, 2, 3, …
  struct Log {
    private(set) var all: [Message] = []
    private var byRoom: [String: [Message]] = [:]

    var newest: UInt64 { UInt64(all.count) }
    subscript(number: UInt64) -> Message { all[Int(number) - 1] }

    mutating func append(_ message: Message) {
      all.append(message)
      byRoom[message.room, default: []].append(message)
    }

    func of(_ room: String, beyond number: UInt64) -> ArraySlice<Message> {
      let messages = byRoom[room] ?? []
      return messages[messages.partitioningIndex { $0.number > number }...]
    }
  }

  struct Stream {
    let token: StreamToken
    let rooms: [String]
    let framing: Framing
    /// Where it said it was, if it said so in this history's words.
    let after: UInt64?
    let isFresh: Bool
    let newestAtStart: UInt64
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
    var messages = Log()
    var streams: [Int: Stream] = [:]
    var ended: [Int: Stream] = [:]
    var budget = FanOutBudget()
    budget.time = .seconds(3600)

    func history(_ rooms: [String], beyond number: UInt64) -> [Message] {
      rooms.flatMap { messages.of($0, beyond: 0).suffix(historyCount) }
        .filter { $0.number > number }
    }

    func open() {
      // Few sets, so that many share a feed; and now and then any other.
      let rooms = [
        ["a"], ["a"], ["b", "a"], names.shuffled(using: &chance).dropLast(1),
      ].randomElement(using: &chance)!
      let framing: Framing = Bool.random(using: &chance) ? .chunked : .plain
      let newest = messages.newest
      let kind = Int.random(in: 0..<6, using: &chance)
      let number = UInt64.random(in: 0...newest, using: &chance)
      let id: String? =
        kind < 2
        ? nil : kind == 5 ? ["e2-3", "what?"].randomElement(using: &chance)! : "e1-\(number)"
      let after = kind == 2 || kind == 3 || kind == 4 ? number : nil
      let (handle, token) = fixture.subscribe(
        Array(rooms), after: id, framing: framing,
        room: blocks && Bool.random(using: &chance) ? Int.random(in: 0...400, using: &chance) : nil)
      streams[handle] = Stream(
        token: token, rooms: Array(rooms), framing: framing, after: after, isFresh: id == nil,
        newestAtStart: newest, history: history(Array(rooms), beyond: after ?? 0))
    }

    for _ in 0..<5000 {
      switch Int.random(in: 0..<20, using: &chance) {
      case 0..<8:
        let room = names.randomElement(using: &chance)!
        let text = String(repeating: "x", count: Int.random(in: 0...60, using: &chance))
        let id = fixture.publish(text, in: room)
        messages.append(Message(number: id.number, room: room, text: text))
      case 8..<10: open()
      case 10..<14:
        budget.streams = Int.random(in: 1...6, using: &chance)
        let hasMore = fixture.hub.flush(budget: budget, clock: { .now })
        guard !hasMore, let (handle, stream) = streams.min(by: { $0.key < $1.key }) else { break }
        // The fan-out is done: who isn't blocked has everything.
        guard fixture.sink[handle].room == nil, !fixture.sink[handle].isBlocked else { break }
        let newest = stream.rooms.compactMap { messages.of($0, beyond: stream.newestAtStart).last }
          .map(\.number).max()
        let received = try fixture.received(handle, framing: stream.framing)
        #expect(newest == nil || received.numbers.last == newest)
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
      default: fixture.advance(.milliseconds(Int.random(in: 1...1500, using: &chance)))
      }
      for (handle, stream) in streams where fixture.sink[handle].isClosed {
        ended[handle] = stream
        streams[handle] = nil
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
    for (handle, stream) in streams where fixture.sink[handle].isClosed {
      ended[handle] = stream
      streams[handle] = nil
    }
    for (handle, stream) in streams.merging(ended, uniquingKeysWith: { $1 }) {
      let isOpen = !fixture.sink[handle].isClosed
      let received = try fixture.received(handle, framing: stream.framing)
      try check(stream, received, messages, isOpen)
    }
    #expect(fixture.hub.counters.opened == streams.count + ended.count)
    #expect(
      CloseReason.allCases.map(fixture.hub.counters.closed).reduce(0, +) == ended.count)

    fixture.hub.removeAll(reason: .drain)
    fixture.advance(.seconds(61))
    let left = fixture.hub.counters
    #expect(left.listeners == 0 && left.rooms == 0)
    #expect(left.historyEntries == 0 && left.historyBytes == 0)
  }

  /// - Parameter isOpen: the stream lives, so it has everything by now.
  private func check(
    _ stream: Stream, _ received: Received, _ messages: Log, _ isOpen: Bool
  ) throws {
    let numbers = received.numbers
    #expect(zip(numbers, numbers.dropFirst()).allSatisfy(<))
    for event in received.events where event.type == "message" {
      let message = messages[try #require(EventID(event.lastEventID)).number]
      #expect(message.text == event.data && stream.rooms.contains(message.room))
    }
    if stream.isFresh {
      let expected = stream.rooms.flatMap { messages.of($0, beyond: stream.newestAtStart) }
        .map(\.number).sorted()
      #expect(numbers.elementsEqual(expected.prefix(numbers.count)))
      #expect(!isOpen || numbers.count == expected.count)
      #expect(received.gaps.isEmpty)
      return
    }
    guard isOpen else { return }
    for room in stream.rooms {
      let all = messages.of(room, beyond: stream.after ?? 0).map(\.number)
      let got = numbers.filter { messages[$0].room == room }
      // What came is contiguous to the newest, and covers what history held.
      #expect(got.elementsEqual(all.suffix(got.count)))
      let held = stream.history.filter { $0.room == room }.map(\.number)
      #expect(Set(held).isSubset(of: got))
      let gaps = received.gaps.filter { $0.contains("\"room\":\"\(room)\"") }
      if stream.after != nil {
        #expect(gaps.count == (got.count == all.count ? 0 : 1), "\(room) \(gaps) \(got) \(all)")
      } else {
        #expect(gaps.count == 1)
      }
    }
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
