/// Knows for each listener what must arrive, and says of each delivery what it is.
///
/// A *lane* is what one publisher says to one room; it waits for each answer before it publishes the
/// next, so its order is certain. Between the lanes of a room the order is the server's choice, but one
/// for all: that of the room's log.
///
/// A *subscription* is one listener in one of the rooms that it follows. A listener's subscriptions
/// stand side by side: the first has the number `listener * roomsEach`.
package struct DeliveryJudge: Sendable {
  /// What one delivery is.
  package enum Verdict: Equatable, Sendable {
    case delivered
    /// It came after one that should have followed it.
    case reordered
    case duplicated
    case corrupted
    /// A message of a room that the listener does not follow.
    case foreign
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
  let names: [Int]
  /// How many rooms each listener follows.
  let roomsEach: Int
  /// By subscription.
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

  /// By subscription and publisher: the number expected next, or -1 before the first of a joining one.
  var next: [Int32]
  /// By subscription: the log's position it expects next.
  private var positions: [Int32]
  /// By listener: the subscription of its last message.
  private var latest: [Int32]
  /// By listener and publisher: when its last message was published. A publisher waits for each answer, so
  /// its messages come in this order over all rooms. Empty where a listener follows one room.
  private var lastSent: [UInt64]
  /// By listener: where it was joining, or `absent`, or 0 from the beginning.
  var joined: [UInt64]
  /// By room and publisher.
  var lanes: [LaneRecord]
  /// By subscription.
  var holes: [Int: Holes] = [:]
  /// By listener: how many damaged messages it got; so many are not missing too.
  var damaged: [Int: Int] = [:]
  /// By subscription: the publishers whose next message may leave a gap.
  var excused: [Int: Set<Int>] = [:]

  static let absent = UInt64.max

  /// - Parameter rooms: each listener's rooms, one listener after the other.
  /// - Parameter roomsEach: how many rooms each listener follows. Of several rooms, the first is shared,
  ///   and the others have one listener each.
  /// - Parameter names: each listener's number, for those who read of it; nil for 0, 1, 2 ….
  /// - Parameter knowsSent: whether `noteSent` is called for each message before it can arrive, so that
  ///   one which was not published is known.
  package init(
    run: UInt64, rooms: [Int], roomsEach: Int = 1, roomCount: Int, publishers: Int,
    shape: TextShape? = nil, names: [Int]? = nil, knowsSent: Bool = false
  ) {
    let listeners = rooms.count / roomsEach
    self.run = run
    self.rooms = rooms
    self.roomsEach = roomsEach
    self.publishers = publishers
    self.shape = shape
    self.names = names ?? Array(0..<listeners)
    self.knowsSent = knowsSent
    if roomsEach == 1 {
      logs = Array(repeating: RoomLog(rooms: roomCount), count: roomCount)
    } else {
      // Nobody else is sent what a room's only listener is: there is nothing to compare.
      logs = Array(repeating: RoomLog(rooms: nil), count: roomCount)
      for room in Set(stride(from: 0, to: rooms.count, by: roomsEach).map { rooms[$0] }) {
        logs[room] = RoomLog(rooms: 1)
      }
    }
    next = Array(repeating: -1, count: rooms.count * publishers)
    positions = Array(repeating: 0, count: rooms.count)
    latest = (0..<listeners).map { Int32($0 * roomsEach) }
    lastSent = Array(repeating: 0, count: roomsEach > 1 ? listeners * publishers : 0)
    joined = Array(repeating: Self.absent, count: listeners)
    lanes = Array(repeating: LaneRecord(), count: roomCount * publishers)
  }

  var listeners: Range<Int> { joined.indices }

  func subscriptions(of listener: Int) -> Range<Int> {
    listener * roomsEach..<(listener + 1) * roomsEach
  }

  // MARK: Coming and going

  /// A listener's stream is open, for the first time or anew without resuming.
  package mutating func open(_ listener: Int, _ start: Start) {
    let first: Int32 = if case .beginning = start { 0 } else { -1 }
    for subscription in subscriptions(of: listener) {
      for publisher in 0..<publishers { next[subscription * publishers + publisher] = first }
      positions[subscription] = 0
    }
    latest[listener] = Int32(listener * roomsEach)
    if !lastSent.isEmpty {
      for publisher in 0..<publishers { lastSent[listener * publishers + publisher] = 0 }
    }
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
    guard excuses else { return }
    for subscription in subscriptions(of: listener) { excused[subscription] = Set(0..<publishers) }
  }

  /// Whether a gap excused this publisher's next message, which has come.
  private mutating func endExcuse(_ subscription: Int, _ publisher: Int) -> Bool {
    guard !excused.isEmpty, excused[subscription]?.remove(publisher) != nil else { return false }
    if excused[subscription]?.isEmpty == true { excused[subscription] = nil }
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
    // Of several rooms only the first has listeners to compare.
    let subscription = listener * roomsEach
    let room = rooms[subscription]
    var index = start
    while index < bytes.count {
      let position = Int(positions[subscription])
      let length = logs[room].matchLength(bytes, from: index, at: position)
      guard length > 0 else { break }
      let entry = logs[room].entries[position]
      let publisher = Int(entry.publisher)
      let place = subscription * publishers + publisher
      guard next[place] == entry.number else { break }
      if roomsEach > 1 {
        let last = listener * publishers + publisher
        guard entry.sent >= lastSent[last] else { break }
        lastSent[last] = entry.sent
      }
      next[place] += 1
      positions[subscription] += 1
      latest[listener] = Int32(subscription)
      accounted += 1
      tally.delivered += 1
      if !excused.isEmpty { _ = endExcuse(subscription, publisher) }
      logs[room].noteDelivery(at: position, moment: moment)
      // What a joiner is sent of the time before it came says nothing of how fast it is served.
      if entry.due >= joined[listener] { onLatency(moment > entry.due ? moment - entry.due : 0) }
      index += length
    }
    return index
  }

  /// Keeps what the message looks like that the listener was delivered last.
  package mutating func learn(_ bytes: Span<UInt8>, from listener: Int) {
    let subscription = Int(latest[listener])
    let position = Int(positions[subscription]) - 1
    guard position >= 0 else { return }
    logs[rooms[subscription]].learn(bytes, at: position)
  }

  /// The id a listener has whose last message was taken by `takeExpected`.
  package func lastEventID(of listener: Int) -> String {
    let subscription = Int(latest[listener])
    let position = Int(positions[subscription]) - 1
    return position < 0 ? "" : logs[rooms[subscription]].entries[position].eventID
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
    let room = message.lane / publishers
    guard room < logs.count, around == shape ?? around,
      message.number < numberLimit(message.lane)
    else { return corrupt(listener, text, moment) }
    guard let subscription = subscriptions(of: listener).first(where: { rooms[$0] == room }) else {
      tally.foreign += 1
      blame(
        "\(name(listener)) got \(words(message.number, message.lane)), but does not follow that room",
        at: moment)
      return .foreign
    }
    shape = around
    noteSent(lane: message.lane, number: message.number, at: message.sent)
    latest[listener] = Int32(subscription)
    let verdict = place(listener, subscription, message, (eventID, namesID), moment)
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
      "\(name(listener)) got \(words(message.number, message.lane)) with the id "
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
    _ listener: Int, _ subscription: Int, _ message: Message,
    _ id: (text: String, isNamed: Bool), _ moment: UInt64
  ) -> Verdict {
    let lane = message.lane
    let publisher = lane % publishers
    let number = message.number
    let isExcused = endExcuse(subscription, publisher)
    let expected = Int(next[subscription * publishers + publisher])
    if expected >= 0, number < expected {
      return again(listener, subscription, message, moment)
    }
    let first = expected >= 0 ? expected : firstRequired(listener, lane, below: number)
    if first < number { skip(subscription, publisher, first..<number, isExcused) }
    let isInTurn = expected == number
    accounted += 1
    next[subscription * publishers + publisher] = Int32(number + 1)

    let end = lanes[lane].placedEnd
    let mayPlace = isInTurn ? number >= end : number == end && expected < 0
    if mayPlace, lanes[lane].place(of: number) == nil {
      let position = logs[rooms[subscription]].append(
        publisher: publisher, number: number, due: message.due, sent: message.sent,
        eventID: id.text, namesID: id.isNamed)
      lanes[lane].setPlace(of: number, to: position)
    }
    let isOvertaken = wasOvertaken(listener, message, publisher)
    let position = lanes[lane].place(of: number)
    let isBehind = position.map { $0 < positions[subscription] } ?? false
    if let position, !isBehind { positions[subscription] = Int32(position + 1) }
    if isBehind || isOvertaken {
      tally.reordered += 1
      blame(
        "\(name(listener)) got \(words(number, lane)) "
          + (isBehind
            ? "in a different order than other listeners"
            : "after one of its other room that was published later"),
        at: moment)
      return .reordered
    }
    return .delivered
  }

  /// A message that the listener is past already: it was skipped, or it comes twice.
  private mutating func again(
    _ listener: Int, _ subscription: Int, _ message: Message, _ moment: UInt64
  ) -> Verdict {
    let (publisher, number) = (message.lane % publishers, message.number)
    let text = words(number, message.lane)
    guard holes[subscription]?.fill(publisher, number) == true else {
      tally.duplicated += 1
      blame("\(name(listener)) got \(text) twice", at: moment)
      return .duplicated
    }
    tally.reordered += 1
    blame("\(name(listener)) got \(text) late", at: moment)
    return .reordered
  }

  private mutating func skip(
    _ subscription: Int, _ publisher: Int, _ numbers: Range<Int>, _ isExcused: Bool
  ) {
    accounted += numbers.count
    if isExcused {
      tally.gapped += numbers.count
    } else {
      holes[subscription, default: Holes()].add(publisher, numbers)
    }
  }

  /// The first of a lane, below `count`, that was published after a listener came; `count` for none.
  func firstRequired(_ listener: Int, _ lane: Int, below count: Int) -> Int {
    lanes[lane].firstSent(after: joined[listener], below: count)
  }

  /// Whether a listener has a message of another room already that the same publisher published later.
  private mutating func wasOvertaken(
    _ listener: Int, _ message: Message, _ publisher: Int
  ) -> Bool {
    guard roomsEach > 1 else { return false }
    let place = listener * publishers + publisher
    guard message.sent >= lastSent[place] else { return true }
    lastSent[place] = message.sent
    return false
  }

  /// - Parameter moment: when it came; what shows itself at the end only is named last.
  mutating func blame(_ text: String, at moment: UInt64 = .max) {
    guard offenders.count < Self.maximumOffenders else { return }
    offenders.append(Offender(moment: moment, text: text))
  }
}
