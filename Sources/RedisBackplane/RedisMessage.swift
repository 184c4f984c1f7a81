internal import Events
internal import Hub
internal import Reactor
internal import TextCoding

/// What a room had before a message.
enum Predecessor: Equatable {
  /// The message of this number; 0: it is the first.
  case number(UInt64)
  /// Of messages up to this number nobody can say.
  case unknown(through: UInt64)

  /// `17` or `?17`.
  init?(utf8: ArraySlice<UInt8>) {
    if utf8.first == UInt8(ascii: "?") {
      guard let number = UInt64(decimal: utf8.dropFirst()) else { return nil }
      self = .unknown(through: number)
    } else {
      guard let number = UInt64(decimal: utf8) else { return nil }
      self = .number(number)
    }
  }

  /// Up to this number the room may have had messages before.
  var through: UInt64 {
    switch self {
    case .number(let number), .unknown(through: let number): number
    }
  }

  /// How a message that has this predecessor follows the room's message `last`, when it is certain
  /// that none was missed up to `seen`.
  func continuity(after last: UInt64, seen: UInt64) -> Continuity {
    switch self {
    case .number(let number): number == last ? .unbroken : number > last ? .lost : .forked
    case .unknown(let through):
      through < last ? .forked : through <= max(last, seen) ? .unbroken : .unknown
    }
  }
}

/// How a message follows the one that was seen before it.
enum Continuity: Equatable {
  /// There was none between.
  case unbroken
  /// There were some between, which history no longer has.
  case lost
  /// There may have been some between, of which nobody can say.
  case unknown
  /// What was seen before it is not in Redis.
  case forked
}

/// A message of a room, as Redis hands it out.
struct RedisMessage: Equatable {
  var number: UInt64
  var predecessor: Predecessor
  var event: Event
  /// How long ago it was published.
  var age = Duration.zero

  /// What the scripts never exceed.
  static let maximumNumber: UInt64 = 1 << 43

  /// What it takes to keep it: its text, and roughly what is around it. Unit: bytes.
  var cost: Int { event.data.utf8.count + 200 }

  var kept: RoomHistory.Message { .init(number: number, event: event, age: age) }
}

/// An event as it comes over the envelopes' channel, just before its plain line:
/// `2 EPOCH-N PREDECESSOR HASH`, LF, the event as `Event.encode` writes it. Where no line follows, HASH is `-`.
struct RedisEnvelope: Equatable {
  let id: EventID
  let predecessor: Predecessor
  /// Of the plain line that follows; nil when there is none.
  let line: LineHash?
  let event: Event

  /// Fails on what isn't one.
  init?(_ bytes: [UInt8]) {
    var rest = bytes[...]
    guard rest.field(before: UInt8(ascii: " ")).elementsEqual(CollectionOfOne(UInt8(ascii: "2"))),
      let id = EventID(utf8: rest.field(before: UInt8(ascii: " "))),
      let predecessor = Predecessor(utf8: rest.field(before: UInt8(ascii: " "))),
      case let hash = rest.field(before: UInt8(ascii: "\n")),
      id.number <= RedisMessage.maximumNumber, let event = Event(encoded: rest)
    else { return nil }
    if hash.elementsEqual(CollectionOfOne(UInt8(ascii: "-"))) {
      line = nil
    } else {
      guard let hash = UInt64(decimal: hash) else { return nil }
      line = LineHash(rawValue: hash)
    }
    self.id = id
    self.predecessor = predecessor
    self.event = event
  }

  var message: RedisMessage {
    RedisMessage(number: id.number, predecessor: predecessor, event: event)
  }
}

/// Tells a plain line from others: FNV-1a with 64 bits of its bytes. The node that publishes a line sends the
/// hash before it, since another node may write the same event with another time zone's clock.
struct LineHash: Equatable {
  let rawValue: UInt64

  init(rawValue: UInt64) { self.rawValue = rawValue }

  init(of line: some Sequence<UInt8>) {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in line { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    rawValue = hash
  }
}

extension ArraySlice<UInt8> {
  /// Takes off what stands before `end`, and that; nothing when there is none.
  fileprivate mutating func field(before end: UInt8) -> ArraySlice {
    guard let place = firstIndex(of: end) else { return [] }
    let field = self[..<place]
    self = self[(place + 1)...]
    return field
  }
}

/// What the publish script answers.
enum RedisAnswer: Equatable {
  /// The message is taken. The streams of these rooms are to be deleted.
  case taken(EventID, pushedOut: [RoomName])
  /// Nothing is done: the history is this one, not the one that was named.
  case another(Epoch)

  /// Fails on what isn't one.
  init?(_ reply: RedisReply) {
    let parts = reply.elements ?? [reply]
    guard let first = parts.first?.bytes else { return nil }
    if let id = EventID(utf8: first[...]) {
      let rooms = parts.dropFirst().compactMap { $0.text.flatMap { RoomName($0) } }
      self = .taken(id, pushedOut: rooms)
    } else if parts.count == 1, case .array = reply, let epoch = Epoch(utf8: first[...]) {
      self = .another(epoch)
    } else {
      return nil
    }
  }
}

/// What the load script answers.
struct RedisPage: Equatable {
  var epoch: Epoch
  /// The number of the newest message over all rooms.
  var newest: UInt64
  var floor: UInt64
  /// The number of the room's newest message; nil when the room is not known.
  var roomNewest: UInt64?
  var isLast: Bool
  var messages: [RedisMessage]

  init(
    epoch: Epoch, newest: UInt64, floor: UInt64 = 0, roomNewest: UInt64?, isLast: Bool = true,
    messages: [RedisMessage] = []
  ) {
    self.epoch = epoch
    self.newest = newest
    self.floor = floor
    self.roomNewest = roomNewest
    self.isLast = isLast
    self.messages = messages
  }

  /// Fails on what isn't one.
  init?(_ reply: RedisReply) {
    guard let parts = reply.elements, parts.count == 7,
      let epoch = parts[0].text.flatMap({ Epoch($0) }),
      let newest = parts[1].number, let floor = parts[2].number, let roomNewest = parts[3].text,
      let more = parts[4].number, let now = parts[5].number, let entries = parts[6].elements,
      newest <= RedisMessage.maximumNumber, floor <= RedisMessage.maximumNumber
    else { return nil }
    self.epoch = epoch
    self.newest = newest
    self.floor = floor
    self.roomNewest = nil
    if !roomNewest.isEmpty {
      guard let number = UInt64(roomNewest), number <= RedisMessage.maximumNumber else {
        return nil
      }
      self.roomNewest = number
    }
    isLast = more == 0
    messages = []
    for entry in entries {
      guard let message = RedisMessage(entry, now: now),
        message.number > messages.last?.number ?? 0
      else { return nil }
      messages.append(message)
    }
    // The next page begins after the last message of this one.
    guard isLast || !messages.isEmpty else { return nil }
  }
}

extension RedisMessage {
  /// An entry of a stream: `N-0` and its fields.
  fileprivate init?(_ entry: RedisReply, now: UInt64) {
    guard let parts = entry.elements, parts.count == 2, let id = parts[0].text, id.hasSuffix("-0"),
      let number = UInt64(id.dropLast(2)), let fields = parts[1].elements, fields.count == 6,
      let time = fields[1].number,
      let predecessor = fields[3].bytes.flatMap({ Predecessor(utf8: $0[...]) }),
      let event = fields[5].bytes.flatMap({ Event(encoded: $0[...]) }),
      number <= Self.maximumNumber, predecessor.through < number
    else { return nil }
    self.init(
      number: number, predecessor: predecessor, event: event,
      age: .milliseconds(Int64(clamping: now - min(time, now))))
  }
}

/// What the load script says on the node's channel: `TOKEN EPOCH N`.
struct RedisMarker: Equatable {
  let token: UInt64
  let epoch: Epoch
  let newest: UInt64

  init(token: UInt64, epoch: Epoch, newest: UInt64) {
    self.token = token
    self.epoch = epoch
    self.newest = newest
  }

  /// Fails on what isn't one.
  init?(_ bytes: [UInt8]) {
    let parts = String(decoding: bytes, as: UTF8.self).split(
      separator: " ", omittingEmptySubsequences: false)
    guard parts.count == 3, let token = UInt64(parts[0]), let epoch = Epoch(parts[1]),
      let newest = UInt64(parts[2]), newest <= RedisMessage.maximumNumber
    else { return nil }
    self.init(token: token, epoch: epoch, newest: newest)
  }
}
