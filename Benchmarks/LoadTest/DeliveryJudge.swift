/// Knows for each listener what must arrive, and says of each delivery what it is.
///
/// A *lane* is what one publisher says to one room; it waits for each answer before it publishes the
/// next, so its order is certain. Between the lanes of a room the order is the server's choice, but one
/// for all: that of the room's log.
package struct DeliveryJudge: Sendable {
  /// What one delivery is.
  package enum Verdict: Equatable, Sendable {
    case delivered
    /// It came after one that should have followed it.
    case reordered
    case duplicated
    case corrupted
    /// A message of another run, which proves nothing.
    case stale
  }

  /// From where on a listener must be sent everything.
  package enum Start: Sendable {
    /// It was there before the first message.
    case beginning
    /// It came at this moment: what was published later must arrive.
    case joining(at: UInt64)
  }

  /// How many offenders are named.
  package static let maximumOffenders = 10

  package let run: UInt64
  package let publishers: Int
  /// By listener.
  private let rooms: [Int]
  package private(set) var logs: [RoomLog]
  package private(set) var tally = Tally()
  /// The first wrong deliveries, in words.
  package private(set) var offenders: [String] = []
  /// Messages that listeners have got past, be it by having them or by skipping them.
  package private(set) var accounted = 0
  /// What a message's surroundings look like; the first message sets it when nobody told.
  package private(set) var shape: TextShape?

  /// By listener and publisher: the number expected next, or -1 before the first of a joining one.
  private var next: [Int32]
  /// By listener: the log's position it expects next.
  private var positions: [Int32]
  /// By listener: where it was joining, or `absent`, or 0 from the beginning.
  private var joined: [UInt64]
  /// By lane (room and publisher) and number: the position in the log, or -1.
  private var placed: [[Int32]]
  /// By lane and number: when it was published; 0 where nobody here knows.
  private var sent: [[UInt64]]
  /// By lane: one more than the last that has a place in the log.
  private var placedEnd: [Int]
  private var skips: [Int: [Skip]] = [:]
  /// By listener: how many damaged messages it got; so many are not missing too.
  private var damaged: [Int: Int] = [:]
  /// By listener: the publishers whose next message may leave a gap.
  private var excused: [Int: Set<Int>] = [:]

  private static let absent = UInt64.max

  /// Numbers that a listener was not sent in their turn.
  private struct Skip: Sendable {
    var publisher: Int
    var numbers: Range<Int>
  }

  /// - Parameter rooms: each listener's room.
  package init(
    run: UInt64, rooms: [Int], roomCount: Int, publishers: Int, shape: TextShape? = nil
  ) {
    self.run = run
    self.rooms = rooms
    self.publishers = publishers
    self.shape = shape
    logs = Array(repeating: RoomLog(), count: roomCount)
    next = Array(repeating: -1, count: rooms.count * publishers)
    positions = Array(repeating: 0, count: rooms.count)
    joined = Array(repeating: Self.absent, count: rooms.count)
    placed = Array(repeating: [], count: roomCount * publishers)
    sent = Array(repeating: [], count: roomCount * publishers)
    placedEnd = Array(repeating: 0, count: roomCount * publishers)
  }

  // MARK: Coming and going

  /// A listener's stream is open, for the first time or anew without resuming.
  package mutating func open(_ listener: Int, _ start: Start) {
    for publisher in 0..<publishers {
      if case .beginning = start {
        next[listener * publishers + publisher] = 0
      } else {
        next[listener * publishers + publisher] = -1
      }
    }
    positions[listener] = 0
    switch start {
    case .beginning: joined[listener] = 0
    case .joining(let moment): joined[listener] = moment
    }
  }

  /// A listener leaves of its own will: what it was not sent in turn is missing, what was still on its
  /// way is not.
  package mutating func leave(_ listener: Int) {
    guard joined[listener] != Self.absent else { return }
    settle(listener, expected: nil)
    joined[listener] = Self.absent
  }

  /// Whether a listener is there, be it that its stream is broken just now.
  package func isPresent(_ listener: Int) -> Bool { joined[listener] != Self.absent }

  /// The server told a listener that history has a hole: the next jump is no offence.
  package mutating func noteGap(_ listener: Int, excuses: Bool) {
    tally.gaps += 1
    if excuses { excused[listener] = Set(0..<publishers) }
  }

  /// A message was published; so that one nobody gets is known too.
  package mutating func noteSent(lane: Int, number: Int, at moment: UInt64) {
    Self.set(&sent[lane], number, moment, filler: 0)
  }

  // MARK: Deliveries

  /// Takes the messages that `bytes` holds from `start` on, for as long as they are exactly those the
  /// listener must be sent next.
  ///
  /// - Returns: where that ended.
  package mutating func takeExpected(
    _ listener: Int, _ bytes: Span<UInt8>, from start: Int, moment: UInt64,
    onLatency: (UInt64) -> Void
  ) -> Int {
    let room = rooms[listener]
    var index = start
    while index < bytes.count {
      let position = Int(positions[listener])
      let length = logs[room].matchLength(bytes, from: index, at: position)
      guard length > 0 else { break }
      let entry = logs[room].entries[position]
      let place = listener * publishers + Int(entry.publisher)
      guard next[place] == entry.number else { break }
      next[place] += 1
      positions[listener] += 1
      accounted += 1
      tally.delivered += 1
      logs[room].noteDelivery(at: position, moment: moment)
      onLatency(moment > entry.due ? moment - entry.due : 0)
      index += length
    }
    return index
  }

  /// Keeps what the message looks like that the listener was delivered last.
  package mutating func learn(_ bytes: Span<UInt8>, from listener: Int) {
    let position = Int(positions[listener]) - 1
    guard position >= 0 else { return }
    logs[rooms[listener]].learn(bytes, at: position)
  }

  /// The id a listener has whose last message was taken by `takeExpected`.
  package func lastEventID(of listener: Int) -> String {
    let position = Int(positions[listener]) - 1
    return position < 0 ? "" : logs[rooms[listener]].entries[position].eventID
  }

  /// Looks at an event's text.
  ///
  /// - Parameter eventID: the id that the listener has with it.
  package mutating func judge(
    _ listener: Int, _ text: [UInt8], eventID: String = "", moment: UInt64,
    onLatency: (UInt64) -> Void
  ) -> Verdict {
    guard case .message(let message, let around) = Message.read(text) else {
      return corrupt(listener, text)
    }
    guard message.run == run else {
      tally.stale += 1
      return .stale
    }
    let room = rooms[listener]
    guard message.lane / publishers == room, around == shape ?? around else {
      return corrupt(listener, text)
    }
    shape = around
    let publisher = message.lane % publishers
    noteSent(lane: message.lane, number: message.number, at: message.sent)
    let verdict = place(listener, message, publisher, eventID)
    if verdict == .delivered || verdict == .reordered {
      tally.delivered += 1
      onLatency(moment > message.due ? moment - message.due : 0)
      let position = placed[message.lane].at(message.number) ?? -1
      if position >= 0 { logs[room].noteDelivery(at: Int(position), moment: moment) }
    }
    return verdict
  }

  private mutating func corrupt(_ listener: Int, _ text: [UInt8]) -> Verdict {
    tally.corrupted += 1
    damaged[listener, default: 0] += 1
    let shown = String(decoding: text.prefix(100), as: UTF8.self)
    blame("listener \(listener) was sent a damaged message: \(shown.debugDescription)")
    return .corrupted
  }

  private mutating func place(
    _ listener: Int, _ message: Message, _ publisher: Int, _ eventID: String
  ) -> Verdict {
    let lane = message.lane
    let number = message.number
    let expected = Int(next[listener * publishers + publisher])
    if expected >= 0, number < expected { return again(listener, publisher, number) }
    let first = expected >= 0 ? expected : firstRequired(listener, lane, below: number)
    if first < number { skip(listener, publisher, first..<number) }
    let isInTurn = expected == number
    accounted += 1
    next[listener * publishers + publisher] = Int32(number + 1)

    var position = Int(placed[lane].at(number) ?? -1)
    let mayPlace = isInTurn ? number >= placedEnd[lane] : number == placedEnd[lane]
    if position < 0, mayPlace, isInTurn || expected < 0 {
      position = logs[rooms[listener]].append(
        publisher: publisher, number: number, due: message.due, eventID: eventID)
      Self.set(&placed[lane], number, Int32(position), filler: -1)
      placedEnd[lane] = number + 1
    }
    guard position >= 0 else { return .delivered }
    if position < positions[listener] {
      tally.reordered += 1
      blame(
        "listener \(listener) got message \(number) of publisher \(publisher) in another order "
          + "than others")
      return .reordered
    }
    positions[listener] = Int32(position + 1)
    return .delivered
  }

  /// A message that the listener is past already: it was skipped, or it comes twice.
  private mutating func again(_ listener: Int, _ publisher: Int, _ number: Int) -> Verdict {
    var list = skips[listener] ?? []
    let index = list.firstIndex { $0.publisher == publisher && $0.numbers.contains(number) }
    guard let index else {
      tally.duplicated += 1
      blame("listener \(listener) got message \(number) of publisher \(publisher) again")
      return .duplicated
    }
    let numbers = list.remove(at: index).numbers
    for rest in [numbers.lowerBound..<number, number + 1..<numbers.upperBound] where !rest.isEmpty {
      list.append(Skip(publisher: publisher, numbers: rest))
    }
    skips[listener] = list.isEmpty ? nil : list
    tally.reordered += 1
    blame("listener \(listener) got message \(number) of publisher \(publisher) late")
    return .reordered
  }

  private mutating func skip(_ listener: Int, _ publisher: Int, _ numbers: Range<Int>) {
    accounted += numbers.count
    if excused[listener]?.remove(publisher) != nil {
      tally.gapped += numbers.count
    } else {
      skips[listener, default: []].append(Skip(publisher: publisher, numbers: numbers))
    }
  }

  // MARK: The end

  /// Whether every listener that is there has got past everything it must be sent.
  ///
  /// - Parameter counts: by lane, how many messages were published.
  package func isComplete(_ counts: [Int]) -> Bool {
    for listener in rooms.indices where joined[listener] != Self.absent {
      for publisher in 0..<publishers {
        let lane = rooms[listener] * publishers + publisher
        let reached = Int(next[listener * publishers + publisher])
        if reached < counts[lane], excused[listener]?.contains(publisher) != true {
          guard reached < 0 else { return false }
          if firstRequired(listener, lane, below: counts[lane]) < counts[lane] { return false }
        }
      }
    }
    return true
  }

  /// Counts what is missing, once nothing more will come.
  ///
  /// - Parameter counts: by lane, how many messages were published.
  package mutating func finish(_ counts: [Int]) {
    for listener in rooms.indices where joined[listener] != Self.absent {
      settle(listener, expected: counts)
      joined[listener] = Self.absent
    }
  }

  /// - Parameter expected: by lane, how many were published; nil when only what came before something
  ///   else that did come can be missing.
  private mutating func settle(_ listener: Int, expected counts: [Int]?) {
    var holes = skips.removeValue(forKey: listener) ?? []
    for publisher in 0..<publishers {
      let lane = rooms[listener] * publishers + publisher
      let reached = Int(next[listener * publishers + publisher])
      if let count = counts?[lane], reached >= 0, reached < count {
        if excused[listener]?.contains(publisher) == true {
          tally.gapped += count - reached
        } else {
          holes.append(Skip(publisher: publisher, numbers: reached..<count))
        }
      } else if let count = counts?[lane], reached < 0 {
        let first = firstRequired(listener, lane, below: count)
        if first < count { holes.append(Skip(publisher: publisher, numbers: first..<count)) }
      }
    }
    excused[listener] = nil
    let count = holes.reduce(0) { $0 + $1.numbers.count }
    let missing = max(0, count - (damaged.removeValue(forKey: listener) ?? 0))
    tally.missing += missing
    if missing > 0, let hole = holes.first {
      let numbers = hole.numbers
      let which =
        numbers.count == 1
        ? "message \(numbers.lowerBound)"
        : "messages \(numbers.lowerBound) to \(numbers.upperBound - 1)"
      blame(
        "listener \(listener) misses \(which) of publisher \(hole.publisher)"
          + (holes.count > 1 ? ", and \(missing - numbers.count) more" : ""))
    }
  }

  /// The first of a lane, below `count`, that was published after a listener came; `count` for none.
  private func firstRequired(_ listener: Int, _ lane: Int, below count: Int) -> Int {
    var first = count
    for number in (0..<min(count, sent[lane].count)).reversed() where sent[lane][number] > 0 {
      guard sent[lane][number] > joined[listener] else { break }
      first = number
    }
    return first
  }

  private mutating func blame(_ text: String) {
    if offenders.count < Self.maximumOffenders { offenders.append(text) }
  }

  private static func set<Value>(
    _ array: inout [Value], _ index: Int, _ value: Value, filler: Value
  ) {
    if index == array.count {
      array.append(value)
    } else {
      while array.count <= index { array.append(filler) }
      array[index] = value
    }
  }
}

extension Array {
  fileprivate func at(_ index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
