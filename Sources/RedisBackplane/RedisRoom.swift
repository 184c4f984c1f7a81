internal import Events
internal import Hub

/// A room that a node follows.
struct RedisRoom {
  /// What an envelope is to a room.
  enum Hearing {
    /// The message that follows what the hub has.
    case next
    /// Nothing: left over, or come before.
    case nothing
    /// Of another history.
    case foreign
    /// Between it and what the hub has something is missing.
    case broken
    /// It can't be handed on yet.
    case early
  }

  /// What a line on the room's own channel is.
  enum Line {
    case stray
    /// The twin of the envelope before it, or nothing that anybody here waits for.
    case nothing
  }

  /// How many subscriptions are needed, one for each channel.
  private let channels: Int
  /// Confirmed subscriptions of the present connection. Below zero while confirmations of an earlier one are
  /// still to come.
  private(set) var confirmed: Int
  /// The hub has it, and somebody may listen to it.
  var isServed = false
  /// Its messages up to this number have been handed to the hub, or told to be lost.
  var last: UInt64 = 0
  /// The load that is going on.
  private(set) var load: Load?
  /// Of the line that the envelope before it announced.
  private var twin: LineHash?
  /// What came live and can't be handed on yet.
  private(set) var held: [RedisMessage] = []
  /// What loaded and held messages take.
  private(set) var loadedBytes = 0
  private(set) var heldBytes = 0

  struct Load {
    let token: UInt64
    var messages: [RedisMessage] = []
    /// What came before the first message that was found.
    var predecessor: Predecessor?
    /// The last page, without its messages.
    var end: RedisPage?
    var isMarked = false
    var isComplete: Bool { end != nil && isMarked }
  }

  init(channels: Int, confirmed: Int) {
    self.channels = channels
    self.confirmed = confirmed
  }

  var isSubscribed: Bool { confirmed == channels }
  var isLoaded: Bool { load?.isComplete ?? false }

  /// Whether Redis lacks what the hub has.
  var isForked: Bool {
    guard isServed, last > 0, let load else { return false }
    if let predecessor = load.predecessor {
      return predecessor.continuity(after: last, seen: last) == .forked
    }
    guard let end = load.end else { return false }
    return (end.roomNewest ?? end.floor) < last
  }

  // MARK: Subscribing and loading

  /// A subscription was confirmed; returns whether it was the last one.
  mutating func confirm() -> Bool {
    confirmed += 1
    return isSubscribed
  }

  /// The connection is another one.
  mutating func forgetSubscriptions() {
    confirmed = 0
    twin = nil
  }

  /// What was asked for it is void.
  mutating func forgetLoad() {
    load = nil
    held = []
    loadedBytes = 0
    heldBytes = 0
  }

  mutating func beginLoad(_ token: UInt64) { load = Load(token: token) }

  /// A page of the load has come.
  mutating func take(_ page: RedisPage) {
    if load?.predecessor == nil { load?.predecessor = page.messages.first?.predecessor }
    load?.messages += page.messages
    for message in page.messages { loadedBytes += message.cost }
    guard page.isLast else { return }
    load?.end = page
    load?.end?.messages = []
  }

  /// The marker of the load has come.
  mutating func mark(_ token: UInt64) {
    if load?.token == token { load?.isMarked = true }
  }

  /// Lets go what was loaded up to `number`, as if Redis had it no more.
  mutating func dropLoaded(through number: UInt64) {
    load?.messages.removeAll { $0.number <= number }
    loadedBytes = load?.messages.reduce(0) { $0 + $1.cost } ?? 0
  }

  /// Takes out what was loaded and held.
  mutating func takeSequence(after last: UInt64, seen: UInt64) -> RedisSequence {
    let sequence = RedisSequence(
      after: last, seen: seen, loaded: load?.messages ?? [], end: load?.end, live: held)
    forgetLoad()
    return sequence
  }

  // MARK: Hearing

  /// A message came over the envelopes' channel.
  ///
  /// - Parameter newest: what the hub has of all rooms; nil while nothing is handed on.
  mutating func hear(
    _ envelope: RedisEnvelope, of epoch: Epoch?, beyond newest: UInt64?
  ) -> Hearing {
    // Before all channels are confirmed it is left over from an earlier subscription.
    guard isSubscribed else { return .nothing }
    twin = envelope.line
    let number = envelope.id.number
    guard envelope.id.epoch == epoch else { return .foreign }
    guard let newest, isServed else { return .early }
    guard number > newest else { return .nothing }
    guard envelope.predecessor.continuity(after: last, seen: number - 1) == .unbroken else {
      return .broken
    }
    last = number
    return .next
  }

  mutating func hold(_ message: RedisMessage) {
    held.append(message)
    heldBytes += message.cost
  }

  /// A line came over the room's own channel.
  mutating func hear(line: [UInt8]) -> Line {
    guard isSubscribed else { return .nothing }
    defer { twin = nil }
    return isServed && twin != LineHash(of: line) ? .stray : .nothing
  }
}
