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
  /// By listener: which number it has among all of the load.
  private let names: [Int]
  /// By listener.
  let rooms: [Int]
  /// Whether each message is told of before it can arrive.
  private let knowsSent: Bool
  package private(set) var logs: [RoomLog]
  package internal(set) var tally = Tally()
  /// The first wrong deliveries.
  package private(set) var offenders: [Offender] = []
  /// Messages that listeners have got past, be it by having them or by skipping them.
  package private(set) var accounted = 0
  /// What a message's surroundings look like; the first message sets it when nobody told.
  package private(set) var shape: TextShape?

  /// By listener and publisher: the number expected next, or -1 before the first of a joining one.
  var next: [Int32]
  /// By listener: the log's position it expects next.
  private var positions: [Int32]
  /// By listener: where it was joining, or `absent`, or 0 from the beginning.
  var joined: [UInt64]
  /// By room and publisher.
  var lanes: [LaneRecord]
  var holes: [Int: Holes] = [:]
  /// By listener: how many damaged messages it got; so many are not missing too.
  var damaged: [Int: Int] = [:]
  /// By listener: the publishers whose next message may leave a gap.
  var excused: [Int: Set<Int>] = [:]

  static let absent = UInt64.max

  /// - Parameter rooms: each listener's room.
  /// - Parameter names: each listener's number, for those who read of it; nil for 0, 1, 2 ….
  /// - Parameter knowsSent: whether `noteSent` is called for each message before it can arrive, so that
  ///   one which was not published is known.
  package init(
    run: UInt64, rooms: [Int], roomCount: Int, publishers: Int, shape: TextShape? = nil,
    names: [Int]? = nil, knowsSent: Bool = false
  ) {
    self.run = run
    self.rooms = rooms
    self.publishers = publishers
    self.shape = shape
    self.names = names ?? Array(rooms.indices)
    self.knowsSent = knowsSent
    logs = Array(repeating: RoomLog(rooms: roomCount), count: roomCount)
    next = Array(repeating: -1, count: rooms.count * publishers)
    positions = Array(repeating: 0, count: rooms.count)
    joined = Array(repeating: Self.absent, count: rooms.count)
    lanes = Array(repeating: LaneRecord(), count: roomCount * publishers)
  }

  // MARK: Coming and going

  /// A listener's stream is open, for the first time or anew without resuming.
  package mutating func open(_ listener: Int, _ start: Start) {
    let first: Int32 = if case .beginning = start { 0 } else { -1 }
    for publisher in 0..<publishers { next[listener * publishers + publisher] = first }
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

  /// The server told a listener that history has a hole: a jump of each publisher's next message is no
  /// offence.
  package mutating func noteGap(_ listener: Int, excuses: Bool) {
    tally.gaps += 1
    if excuses { excused[listener] = Set(0..<publishers) }
  }

  /// Whether a gap excused this publisher's next message, which has come.
  private mutating func endExcuse(_ listener: Int, _ publisher: Int) -> Bool {
    guard !excused.isEmpty, excused[listener]?.remove(publisher) != nil else { return false }
    if excused[listener]?.isEmpty == true { excused[listener] = nil }
    return true
  }

  /// A message was published; so that one nobody gets is known too.
  package mutating func noteSent(lane: Int, number: Int, at moment: UInt64) {
    lanes[lane].noteSent(number, at: moment)
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
      if !excused.isEmpty { _ = endExcuse(listener, Int(entry.publisher)) }
      logs[room].noteDelivery(at: position, moment: moment)
      // What a joiner is sent of the time before it came says nothing of how fast it is served.
      if entry.due >= joined[listener] { onLatency(moment > entry.due ? moment - entry.due : 0) }
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
  /// - Parameter namesID: whether the event brought that id.
  package mutating func judge(
    _ listener: Int, _ text: [UInt8], eventID: String = "", namesID: Bool = false, moment: UInt64,
    onLatency: (UInt64) -> Void
  ) -> Verdict {
    guard case .message(let message, let around) = Message.read(text) else {
      return corrupt(listener, text, moment)
    }
    guard message.run == run else {
      tally.stale += 1
      return .stale
    }
    let room = rooms[listener]
    guard message.lane / publishers == room, around == shape ?? around,
      message.number < numberLimit(message.lane)
    else { return corrupt(listener, text, moment) }
    shape = around
    let publisher = message.lane % publishers
    noteSent(lane: message.lane, number: message.number, at: message.sent)
    let verdict = place(listener, message, (eventID, namesID), moment)
    guard verdict == .delivered || verdict == .reordered else { return verdict }
    tally.delivered += 1
    if message.sent >= joined[listener] {
      onLatency(moment > message.due ? moment - message.due : 0)
    }
    guard let position = lanes[message.lane].place(of: message.number) else { return verdict }
    logs[room].noteDelivery(at: position, moment: moment)
    guard logs[room].hasOtherID(at: position, eventID, namesID) else { return verdict }
    tally.corrupted += 1
    blame(
      "\(name(listener)) got message \(message.number) of publisher \(publisher) with the id "
        + "\(eventID.debugDescription), other listeners with a different one",
      at: moment)
    return .corrupted
  }

  /// Looks at an event that is none of the load's messages by its type: it must not hold one.
  package mutating func judgeOther(
    _ listener: Int, type: String, _ text: [UInt8], moment: UInt64
  ) -> Verdict {
    guard case .message(let message, _) = Message.read(text), message.run == run else {
      return .stale
    }
    tally.corrupted += 1
    damaged[listener, default: 0] += 1
    blame(
      "\(name(listener)) got a message with the event type \(type.debugDescription)", at: moment)
    return .corrupted
  }

  /// What a number must be less than.
  private func numberLimit(_ lane: Int) -> Int {
    lanes[lane].sent.count + (knowsSent ? 0 : LaneRecord.maximumJump)
  }

  private mutating func corrupt(
    _ listener: Int, _ text: [UInt8], _ moment: UInt64
  ) -> Verdict {
    tally.corrupted += 1
    damaged[listener, default: 0] += 1
    let shown = String(decoding: text.prefix(100), as: UTF8.self)
    blame("\(name(listener)) got a damaged message: \(shown.debugDescription)", at: moment)
    return .corrupted
  }

  private mutating func place(
    _ listener: Int, _ message: Message, _ id: (text: String, isNamed: Bool), _ moment: UInt64
  ) -> Verdict {
    let lane = message.lane
    let publisher = lane % publishers
    let number = message.number
    let isExcused = endExcuse(listener, publisher)
    let expected = Int(next[listener * publishers + publisher])
    if expected >= 0, number < expected { return again(listener, publisher, number, moment) }
    let first = expected >= 0 ? expected : firstRequired(listener, lane, below: number)
    if first < number { skip(listener, publisher, first..<number, isExcused) }
    let isInTurn = expected == number
    accounted += 1
    next[listener * publishers + publisher] = Int32(number + 1)

    let end = lanes[lane].placedEnd
    let mayPlace = isInTurn ? number >= end : number == end && expected < 0
    if mayPlace, lanes[lane].place(of: number) == nil {
      let position = logs[rooms[listener]].append(
        publisher: publisher, number: number, due: message.due, eventID: id.text,
        namesID: id.isNamed)
      lanes[lane].setPlace(of: number, to: position)
    }
    guard let position = lanes[lane].place(of: number) else { return .delivered }
    if position < positions[listener] {
      tally.reordered += 1
      blame(
        "\(name(listener)) got message \(number) of publisher \(publisher) in a different order "
          + "than other listeners",
        at: moment)
      return .reordered
    }
    positions[listener] = Int32(position + 1)
    return .delivered
  }

  /// A message that the listener is past already: it was skipped, or it comes twice.
  private mutating func again(
    _ listener: Int, _ publisher: Int, _ number: Int, _ moment: UInt64
  ) -> Verdict {
    guard holes[listener]?.fill(publisher, number) == true else {
      tally.duplicated += 1
      blame("\(name(listener)) got message \(number) of publisher \(publisher) twice", at: moment)
      return .duplicated
    }
    tally.reordered += 1
    blame("\(name(listener)) got message \(number) of publisher \(publisher) late", at: moment)
    return .reordered
  }

  private mutating func skip(
    _ listener: Int, _ publisher: Int, _ numbers: Range<Int>, _ isExcused: Bool
  ) {
    accounted += numbers.count
    if isExcused {
      tally.gapped += numbers.count
    } else {
      holes[listener, default: Holes()].add(publisher, numbers)
    }
  }

  /// The first of a lane, below `count`, that was published after a listener came; `count` for none.
  func firstRequired(_ listener: Int, _ lane: Int, below count: Int) -> Int {
    lanes[lane].firstSent(after: joined[listener], below: count)
  }

  func name(_ listener: Int) -> String { "listener \(names[listener])" }

  /// - Parameter moment: when it came; what shows itself at the end only is named last.
  mutating func blame(_ text: String, at moment: UInt64 = .max) {
    guard offenders.count < Self.maximumOffenders else { return }
    offenders.append(Offender(moment: moment, text: text))
  }
}
