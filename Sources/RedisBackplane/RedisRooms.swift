internal import Events
internal import Hub
internal import Reactor

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
    /// Begin a new history, and each room where it begins for this node.
    case restart(Epoch, [RoomName: HistoryStart])
    /// Everything that was missed has been handed over.
    case live
    /// Give up the connection.
    case fail(reason: String)
  }

  enum Phase {
    case down
    /// Rooms are being loaded.
    case catchingUp
    /// What was loaded is being handed on.
    case handing
    case live
  }

  let bounds: Bounds
  /// How many channels a room has: its subscription is complete when all are confirmed.
  private let channelsPerRoom: Int
  var phase = Phase.down
  var rooms: [RoomName: RedisRoom] = [:]
  /// Confirmations to come for rooms that are followed no more.
  private var owed: [RoomName: Int] = [:]
  private var token: UInt64 = 0
  /// What answers an earlier token is of a connection or a history that is gone.
  private var oldestToken: UInt64 = 0
  /// Rooms that are to be loaded.
  private var queue = Queue<RoomName>()
  /// Whose load each token is, until its marker has come.
  private var loading: [UInt64: RoomName] = [:]
  /// How many loads have not had their last page.
  private var loadCount = 0
  /// While catching up: the token of the heartbeat whose marker is waited for.
  var awaitedHeartbeat: UInt64?
  /// While catching up: how many rooms that the hub has are not loaded.
  var lacking = 0
  /// Rooms that are loaded and that the hub doesn't have.
  var loadedRooms: [RoomName] = []
  /// Strangers' lines that wait to be handed on.
  var strays: [HeldLine] = []
  /// How many of those have had a message come after them.
  var placedStrays = 0
  var loadedBytes = 0
  var heldBytes = 0
  /// While handing on: what is left of it.
  var catchUp: RedisCatchUp?
  /// The highest number that was heard of since the catching up began.
  var heardThrough: UInt64 = 0
  /// The history that Redis has, as far as we know; nil before the first answer.
  private(set) var epoch: Epoch?
  /// The history that the hub has.
  var hubEpoch: Epoch?
  /// Every message up to this number has been handed to the hub.
  var newest: UInt64 = 0
  /// An epoch that was found to be forked: Redis lost messages that we had, and took others.
  private var lost: Epoch?

  init(bounds: Bounds = Bounds(), channelsPerRoom: Int = 2) {
    self.bounds = bounds
    self.channelsPerRoom = channelsPerRoom
  }

  var isLive: Bool { phase == .live }
  var names: [RoomName] { Array(rooms.keys) }

  /// Whether anything may still come over a room's channels that matters.
  func awaits(_ name: RoomName) -> Bool { rooms[name] != nil || owed[name] != nil }

  /// Whether the hub has all there is of a room.
  func isReady(_ name: RoomName) -> Bool { isLive && rooms[name]?.isServed ?? false }

  // MARK: Asking

  /// The connection is there.
  mutating func connected() -> [Action] {
    for place in rooms.values.indices { rooms.values[place].forgetSubscriptions() }
    let names = rooms.keys.sorted()
    return (names.isEmpty ? [] : [.subscribe(names)]) + beginCatchingUp()
  }

  /// The connection is gone.
  mutating func disconnected() {
    phase = .down
    owed = [:]
    catchUp = nil
    strays = []
    placedStrays = 0
  }

  /// Follows a room from now on.
  mutating func follow(_ name: RoomName) -> [Action] {
    guard rooms[name] == nil else { return [] }
    rooms[name] = RedisRoom(
      channels: channelsPerRoom, confirmed: -(owed.removeValue(forKey: name) ?? 0))
    return phase == .down ? [] : [.subscribe([name])]
  }

  /// Follows a room no more; nobody listens to it.
  mutating func unfollow(_ name: RoomName) -> [Action] {
    guard let room = rooms.removeValue(forKey: name) else { return [] }
    loadedBytes -= room.loadedBytes
    heldBytes -= room.heldBytes
    guard phase != .down else { return [] }
    if !room.isSubscribed { owed[name] = channelsPerRoom - room.confirmed }
    if phase == .catchingUp, room.isServed, !room.isLoaded { lacking -= 1 }
    return [.unsubscribe(name)] + completeIfPossible()
  }

  /// Asks for a marker, by which all that is published now will have come.
  mutating func heartbeat() -> (token: UInt64, actions: [Action]) {
    token += 1
    return (token, [.load(nil, after: 0, token: token, lost: nil)])
  }

  /// The hub has no place for the history that it was to begin, and has the old one still.
  mutating func restartRefused() {
    hubEpoch = nil
    startAnew()
  }

  /// Fetches what each room lacks, without handing on anything meanwhile.
  private mutating func beginCatchingUp() -> [Action] {
    for place in rooms.values.indices { rooms.values[place].forgetLoad() }
    loadedBytes = 0
    heldBytes = strays.reduce(0) { $0 + $1.line.count }
    let (token, actions) = heartbeat()
    phase = .catchingUp
    awaitedHeartbeat = token
    oldestToken = token
    heardThrough = 0
    catchUp = nil
    lacking = rooms.values.count(where: \.isServed)
    loadedRooms = []
    loading = [:]
    loadCount = 0
    queue.removeAll()
    for name in rooms.filter(\.value.isSubscribed).keys.sorted() { queue.append(name) }
    return actions + load()
  }

  /// Loads what waits to be loaded, as far as it may be at once.
  private mutating func load() -> [Action] {
    var actions: [Action] = []
    while loadCount < bounds.loads, let name = queue.popFirst() {
      guard let room = rooms[name], room.isSubscribed, room.load == nil,
        phase == .catchingUp || !room.isServed
      else { continue }
      token += 1
      rooms[name]?.beginLoad(token)
      loading[token] = name
      loadCount += 1
      actions.append(.load(name, after: room.last, token: token, lost: lost))
    }
    return actions
  }

  /// Redis says that the history is another one than we thought.
  private mutating func adopt(_ epoch: Epoch) -> [Action] {
    self.epoch = epoch
    lost = nil
    startAnew()
    // The numbers by which they had their places are of the other history.
    for place in strays.indices { strays[place].before = .max }
    placedStrays = 0
    return beginCatchingUp()
  }

  /// The hub has nothing of this history.
  private mutating func startAnew() {
    newest = 0
    for place in rooms.values.indices { rooms.values[place].last = 0 }
  }

  // MARK: Hearing

  /// A subscription was confirmed.
  mutating func subscribed(_ name: RoomName) -> [Action] {
    guard phase != .down else { return [] }
    if let count = owed[name] { owed[name] = count > 1 ? count - 1 : nil }
    guard rooms[name]?.confirm() ?? false else { return [] }
    queue.append(name)
    return load()
  }

  /// The load script has answered; `name` is nil for a heartbeat.
  mutating func loaded(_ page: RedisPage, of name: RoomName?, token: UInt64) -> [Action] {
    guard phase != .down, token >= oldestToken else { return [] }
    if page.epoch != epoch { return adopt(page.epoch) }
    guard let name else { return [] }
    guard let place = rooms.index(forKey: name), rooms.values[place].load?.token == token else {
      // It was let go meanwhile.
      loadCount -= 1
      return load()
    }
    loadedBytes -= rooms.values[place].loadedBytes
    rooms.values[place].take(page)
    loadedBytes += rooms.values[place].loadedBytes
    if rooms.values[place].isForked {
      lost = epoch
      return beginCatchingUp()
    }
    if loadedBytes > bounds.loadedBytes { dropOldestLoaded() }
    guard page.isLast else {
      // A page that isn't the last has messages.
      let after = page.messages.last?.number ?? 0
      return [.load(name, after: after, token: token, lost: lost)]
    }
    loadCount -= 1
    return completed(place) + load()
  }

  /// The marker of a load or of a heartbeat has come.
  mutating func marked(_ marker: RedisMarker) -> [Action] {
    guard phase != .down, marker.token >= oldestToken else { return [] }
    if marker.epoch != epoch { return adopt(marker.epoch) }
    heardThrough = max(heardThrough, marker.newest)
    var actions: [Action] = []
    if isLive, marker.newest > newest {
      newest = marker.newest
      actions.append(.advance(newest))
    }
    if marker.token == awaitedHeartbeat { awaitedHeartbeat = nil }
    guard let name = loading.removeValue(forKey: marker.token),
      let place = rooms.index(forKey: name)
    else { return actions + completeIfPossible() }
    rooms.values[place].mark(marker.token)
    return actions + completed(place)
  }

  /// A message came over the envelopes' channel.
  mutating func received(_ envelope: RedisEnvelope, in name: RoomName) -> [Action] {
    guard phase != .down, let place = rooms.index(forKey: name) else { return [] }
    switch rooms.values[place].hear(envelope, of: epoch, beyond: isLive ? newest : nil) {
    case .next:
      newest = envelope.id.number
      return [.hand(.message(name, envelope.message))]
    case .nothing: return []
    // A history that begins just now, or that no longer is: a load will tell, if none is on its way.
    case .foreign: return phase == .catchingUp ? [] : beginCatchingUp()
    case .broken: return beginCatchingUp()
    case .early: return hold(envelope.message, at: place)
    }
  }

  private mutating func hold(
    _ message: RedisMessage, at place: Dictionary<RoomName, RedisRoom>.Index
  ) -> [Action] {
    rooms.values[place].hold(message)
    heldBytes += message.cost
    while placedStrays < strays.count {
      strays[placedStrays].before = message.number
      placedStrays += 1
    }
    heardThrough = max(heardThrough, message.number)
    guard heldBytes <= bounds.heldBytes else { return [Self.overrun] }
    guard isLive else { return [] }
    newest = max(newest, message.number)
    return [.advance(newest)]
  }

  /// A line came over the room's own channel: the twin of the envelope before it, or a stranger's.
  mutating func received(line: [UInt8], in name: RoomName) -> [Action] {
    guard phase != .down, let place = rooms.index(forKey: name),
      rooms.values[place].hear(line: line) == .stray
    else { return [] }
    if isLive { return [.hand(.stray(name, line))] }
    strays.append(HeldLine(room: name, line: line))
    heldBytes += line.count
    return heldBytes <= bounds.heldBytes ? [] : [Self.overrun]
  }

  private static var overrun: Action {
    .fail(reason: "too many messages arrived while the history was loading")
  }
}
