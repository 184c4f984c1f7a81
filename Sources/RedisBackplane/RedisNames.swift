internal import Events
internal import Reactor

/// The names of our keys and channels.
///
/// They hold a `/`, which no room's name can: nobody's text lands on a channel that we read envelopes
/// from. They hold the layout's version, and the database's number, since channels know no databases. All keys
/// have one hash tag, so that a Redis cluster keeps them together. A deployment's own prefix comes before all
/// that: with or without one, no two deployments have a name in common but the plain lines' channels.
struct RedisNames {
  /// Of the layout in Redis: `RedisScripts` has it. A history in Redis names the one that it has.
  static let layout = 2

  /// What every name begins with but the plain lines' channels.
  let prefix: String
  /// What every key begins with.
  private let keys: String
  /// This process among all that use this Redis.
  let node: String
  /// The nodes of 0.1.0 in the same database: each, and until when it is believed to live.
  let earlierNodes: String
  /// Whether there are channels of plain lines.
  let hasPlainLines: Bool

  /// - Parameter prefix: has no braces.
  init(database: Int, prefix own: String? = nil, hasPlainLines: Bool = true, node: String) {
    prefix = "\(own.map { "\($0)/" } ?? "")belfry/v\(Self.layout)/\(database)/"
    // Deployments need not share a slot.
    keys = prefix + "{\(own ?? "belfry")}/"
    self.hasPlainLines = hasPlainLines
    self.node = node
    earlierNodes = "belfry/\(database)/nodes"
  }

  init(_ settings: RedisSettings, node: String) {
    self.init(
      database: settings.address.database, prefix: settings.prefix,
      hasPlainLines: settings.hasPlainLines, node: node)
  }

  var history: String { keys + "history" }
  var rooms: String { keys + "rooms" }
  var nodes: String { keys + "nodes" }

  /// The messages of a room in a history. No history has no epoch, but a script must be given a key.
  func stream(of room: RoomName, in epoch: Epoch?) -> String {
    "\(keys)\(epoch?.text ?? "")/\(room)"
  }

  /// Where the id of an event is kept that has an idempotency key; nil when it has none.
  func key(of event: Event) -> String? {
    guard let key = event.key, let room = event.room else { return nil }
    if let scope = event.keyScope { return "\(keys)key/\(room)/\(scope.text)/\(key)" }
    // Without a name there are no brackets: a name can't be told apart from none otherwise.
    return "\(keys)key/\(room)/\(event.sender.map { "(\($0.name))" } ?? "")/\(key)"
  }

  var nodeChannel: String { prefix + "node/" + node }

  /// The envelopes' channel and, if there is one, the plain lines'.
  func channels(of room: RoomName) -> [String] {
    [prefix + room.text] + (hasPlainLines ? [room.text] : [])
  }

  /// How many channels a room has.
  var channelsPerRoom: Int { hasPlainLines ? 2 : 1 }

  /// What a message on a channel is.
  enum Channel: Equatable {
    case node
    case envelopes(RoomName)
    case lines(RoomName)
  }
}
