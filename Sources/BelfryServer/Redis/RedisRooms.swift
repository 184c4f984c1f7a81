internal import EventStream
internal import Hub

/// Which rooms a node follows, how far each has come, and what is to be done about that.
///
/// Everything is decided here and nothing performed: the methods take what came from Redis, in the
/// order in which it came, and return what to do. All that Redis publishes comes over one connection,
/// in one order, the markers of the load script included: a marker says that every message up to its
/// number has come. So a room that nobody listens to yet is loaded beside the others, and becomes
/// live at its marker. After a broken link nothing is handed on until every room that somebody
/// listens to is loaded; then everything is, in the order of the numbers.
struct RedisRooms {
  enum Action: Equatable {
    case subscribe([RoomName])
    case unsubscribe(RoomName)
    /// Run the load script; without a room it is a heartbeat.
    case load(RoomName?, after: UInt64, token: UInt64, lost: Epoch?)
    /// Give the hub a room that it didn't have.
    case enter(RoomName, RoomHistory)
    case hand(RedisCatchUp.Step)
    /// All messages up to this number have been handed over.
    case advance(UInt64)
    /// Begin a new history; for each room the number of its oldest message.
    case restart(Epoch, oldest: [RoomName: UInt64])
    /// Everything that was missed has been handed over.
    case live
  }

  private enum Phase: Equatable {
    case down
    /// `held` is what came since; `heartbeat` the token whose marker is waited for.
    case catchingUp(held: [HeldLine], heartbeat: UInt64?)
    case live
  }

  private struct Room {
    /// Confirmed subscriptions of the present connection: two are needed. Below zero while
    /// confirmations of an earlier one are still to come.
    var confirmed = 0
    /// The hub has it, and somebody may listen to it.
    var isServed = false
    /// The number of its newest message that the hub has.
    var last: UInt64 = 0
    /// The load that is going on.
    var load: Load?
    /// The line that the envelope before it announced.
    var twin: ArraySlice<UInt8>?
    /// What came live while a room that nobody listens to is loaded.
    var held: [RedisMessage] = []

    /// What was asked for it is void.
    mutating func forget(subscriptions: Bool) {
      load = nil
      held = []
      guard subscriptions else { return }
      confirmed = 0
      twin = nil
    }
  }

  private struct Load {
    let token: UInt64
    var messages: [RedisMessage] = []
    /// The last page, without its messages.
    var end: RedisPage?
    var isMarked = false
    var isComplete: Bool { end != nil && isMarked }
  }

  private var phase = Phase.down
  private var rooms: [RoomName: Room] = [:]
  /// Confirmations to come for rooms that are followed no more.
  private var owed: [RoomName: Int] = [:]
  private var token: UInt64 = 0
  /// What answers an earlier token is of a connection or a history that is gone.
  private var oldestToken: UInt64 = 0
  /// The highest number that a marker has named since the catching up began.
  private var markedThrough: UInt64 = 0
  /// The history that Redis has, as far as we know; nil before the first answer.
  private(set) var epoch: Epoch?
  /// The history that the hub has.
  private var hubEpoch: Epoch?
  /// Every message up to this number has been handed to the hub.
  private(set) var newest: UInt64 = 0
  /// An epoch that was found to be forked: Redis lost messages that we had, and took others.
  private var lost: Epoch?

  var isLive: Bool { phase == .live }
  var names: [RoomName] { Array(rooms.keys) }

  /// Whether anything may still come over a room's channels that matters.
  func awaits(_ name: RoomName) -> Bool { rooms[name] != nil || owed[name] != nil }

  /// Whether the hub has all there is of a room.
  func isReady(_ name: RoomName) -> Bool {
    guard let room = rooms[name] else { return false }
    return isLive && room.isServed && room.load == nil
  }

  // MARK: Asking

  /// The connection is there.
  mutating func connected() -> [Action] {
    for name in rooms.keys { rooms[name]?.forget(subscriptions: true) }
    let names = rooms.keys.sorted()
    return (names.isEmpty ? [] : [.subscribe(names)]) + beginCatchingUp()
  }

  /// The connection is gone.
  mutating func disconnected() {
    phase = .down
    owed = [:]
  }

  /// Follows a room from now on.
  mutating func follow(_ name: RoomName) -> [Action] {
    guard rooms[name] == nil else { return [] }
    rooms[name] = Room(confirmed: -(owed.removeValue(forKey: name) ?? 0))
    return phase == .down ? [] : [.subscribe([name])]
  }

  /// Follows a room no more; nobody listens to it.
  mutating func unfollow(_ name: RoomName) -> [Action] {
    guard let room = rooms.removeValue(forKey: name) else { return [] }
    if phase != .down, room.confirmed < 2 { owed[name] = 2 - room.confirmed }
    return (phase == .down ? [] : [.unsubscribe(name)]) + completeIfPossible()
  }

  /// Asks for a marker, by which all that is published now will have come.
  mutating func heartbeat() -> (token: UInt64, actions: [Action]) {
    token += 1
    return (token, [.load(nil, after: 0, token: token, lost: nil)])
  }

  private mutating func load(_ name: RoomName) -> Action {
    token += 1
    let after = rooms[name]?.last ?? 0
    rooms[name]?.load = Load(token: token)
    return .load(name, after: after, token: token, lost: lost)
  }

  /// Fetches what each room lacks, without handing on anything meanwhile.
  private mutating func catchUp() -> [Action] {
    for name in rooms.keys { rooms[name]?.forget(subscriptions: false) }
    return beginCatchingUp()
  }

  private mutating func beginCatchingUp() -> [Action] {
    let (token, actions) = heartbeat()
    phase = .catchingUp(held: [], heartbeat: token)
    oldestToken = token
    markedThrough = 0
    return actions + rooms.filter { $1.confirmed == 2 }.keys.sorted().map { load($0) }
  }

  /// Redis says that the history is another one than we thought.
  private mutating func adopt(_ epoch: Epoch) -> [Action] {
    self.epoch = epoch
    lost = nil
    newest = 0
    for name in rooms.keys { rooms[name]?.last = 0 }
    return catchUp()
  }

  // MARK: Hearing

  /// A subscription was confirmed.
  mutating func subscribed(_ name: RoomName) -> [Action] {
    guard phase != .down else { return [] }
    if let count = owed[name] { owed[name] = count > 1 ? count - 1 : nil }
    rooms[name]?.confirmed += 1
    return rooms[name]?.confirmed == 2 ? [load(name)] : []
  }

  /// The load script has answered; `name` is nil for a heartbeat.
  mutating func loaded(_ page: RedisPage, of name: RoomName?, token: UInt64) -> [Action] {
    guard phase != .down, token >= oldestToken else { return [] }
    if page.epoch != epoch { return adopt(page.epoch) }
    guard let name, rooms[name]?.load?.token == token else { return [] }
    rooms[name]?.load?.messages += page.messages
    guard page.isLast else {
      // A page that isn't the last has messages.
      let after = page.messages.last?.number ?? 0
      return [.load(name, after: after, token: token, lost: lost)]
    }
    var end = page
    end.messages = []
    rooms[name]?.load?.end = end
    if rooms[name].map(isForked) ?? false {
      lost = epoch
      return catchUp()
    }
    return completeIfPossible()
  }

  /// Whether Redis lacks what the hub has.
  private func isForked(_ room: Room) -> Bool {
    guard room.isServed, room.last > 0, let load = room.load, let end = load.end else {
      return false
    }
    if let first = load.messages.first {
      return first.predecessor.continuity(after: room.last) == .forked
    }
    return (end.roomNewest ?? end.floor) < room.last
  }

  /// The marker of a load or of a heartbeat has come.
  mutating func marked(_ marker: RedisMarker) -> [Action] {
    guard phase != .down, marker.token >= oldestToken else { return [] }
    if marker.epoch != epoch { return adopt(marker.epoch) }
    if case .catchingUp(let held, marker.token) = phase {
      phase = .catchingUp(held: held, heartbeat: nil)
    }
    for (name, room) in rooms where room.load?.token == marker.token {
      rooms[name]?.load?.isMarked = true
    }
    markedThrough = max(markedThrough, marker.newest)
    var actions: [Action] = []
    if isLive, marker.newest > newest {
      newest = marker.newest
      actions.append(.advance(newest))
    }
    return actions + completeIfPossible()
  }

  /// A message came over the envelopes' channel.
  mutating func received(_ envelope: RedisEnvelope, in name: RoomName) -> [Action] {
    // Before both channels are confirmed it is left over from an earlier subscription.
    guard phase != .down, let room = rooms[name], room.confirmed == 2 else { return [] }
    rooms[name]?.twin = envelope.line
    guard envelope.id.epoch == epoch else {
      // Of a history that begins just now, or that no longer is: a load will tell.
      return isLive ? catchUp() : []
    }
    let message = envelope.message
    if case .catchingUp(var held, let heartbeat) = phase {
      // Set aside, so that it is not copied.
      phase = .down
      held.append(HeldLine(room: name, content: .message(message)))
      phase = .catchingUp(held: held, heartbeat: heartbeat)
      return []
    }
    guard room.isServed, room.load == nil else {
      rooms[name]?.held.append(message)
      newest = max(newest, message.number)
      return [.advance(newest)]
    }
    guard message.number > newest else { return [] }
    guard message.predecessor.continuity(after: room.last) == .unbroken else { return catchUp() }
    rooms[name]?.last = message.number
    newest = message.number
    return [.hand(.message(name, message))]
  }

  /// A line came over the room's own channel: the twin of the envelope before it, or a stranger's.
  mutating func received(line: [UInt8], in name: RoomName) -> [Action] {
    guard phase != .down, let room = rooms[name], room.confirmed == 2 else { return [] }
    rooms[name]?.twin = nil
    guard room.twin != line[...], room.isServed else { return [] }
    if case .catchingUp(var held, let heartbeat) = phase {
      phase = .down
      held.append(HeldLine(room: name, content: .stray(line)))
      phase = .catchingUp(held: held, heartbeat: heartbeat)
      return []
    }
    return [.hand(.stray(name, line))]
  }

  // MARK: Completing

  private mutating func completeIfPossible() -> [Action] {
    switch phase {
    case .down: return []
    case .live: return enterLoaded()
    case .catchingUp(let held, let heartbeat):
      let isReady = rooms.values.allSatisfy { !$0.isServed || $0.load?.isComplete ?? false }
      guard heartbeat == nil, isReady, let epoch else { return [] }
      phase = .live
      return hand(held, of: epoch) + enterLoaded() + [.live]
    }
  }

  /// Hands over what the rooms that the hub has were lacking.
  private mutating func hand(_ held: [HeldLine], of epoch: Epoch) -> [Action] {
    var actions: [Action] = []
    let isFresh = hubEpoch != epoch
    var behind: [RoomName: RedisCatchUp.Room] = [:]
    var through = max(newest, markedThrough)
    for (name, room) in rooms {
      guard room.isServed, let load = room.load, let end = load.end else { continue }
      behind[name] = RedisCatchUp.Room(
        last: room.last, loaded: load.messages, newest: end.roomNewest ?? 0, isFresh: isFresh)
      through = max(through, end.roomNewest ?? 0)
      rooms[name]?.load = nil
    }
    let catchUp = RedisCatchUp(behind, held: held, beyond: newest)
    if isFresh {
      var oldest: [RoomName: UInt64] = [:]
      for case .message(let name, let message) in catchUp.steps where oldest[name] == nil {
        oldest[name] = message.number
      }
      actions.append(.restart(epoch, oldest: oldest))
      hubEpoch = epoch
    }
    actions += catchUp.steps.map(Action.hand)
    for (name, last) in catchUp.last { rooms[name]?.last = last }
    for line in held {
      guard case .message(let message) = line.content else { continue }
      through = max(through, message.number)
      if let room = rooms[line.room], !room.isServed { rooms[line.room]?.held.append(message) }
    }
    newest = max(through, catchUp.last.values.max() ?? 0)
    return actions + [.advance(newest)]
  }

  /// Gives the hub the rooms that are loaded and that it doesn't have.
  private mutating func enterLoaded() -> [Action] {
    var actions: [Action] = []
    for (name, room) in rooms {
      guard !room.isServed, let load = room.load, load.isComplete, let end = load.end else {
        continue
      }
      let history = RoomHistory(
        loaded: load.messages, live: room.held, newest: end.roomNewest, floor: end.floor)
      let last = max(
        load.messages.last?.number ?? 0, room.held.last?.number ?? 0, end.roomNewest ?? 0)
      rooms[name]?.load = nil
      rooms[name]?.held = []
      rooms[name]?.isServed = true
      rooms[name]?.last = last
      newest = max(newest, last)
      actions += [.enter(name, history), .advance(newest)]
    }
    return actions
  }
}
