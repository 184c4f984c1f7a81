internal import Events

/// The names of our keys and channels.
///
/// They hold a `/`, which no room's name can: nobody's text lands on a channel that we read envelopes
/// from. They hold the layout's version, and the database's number, since channels know no databases.
struct RedisNames {
  let prefix: String
  /// This process among all that use this Redis.
  let node: String

  init(database: Int, node: String) {
    prefix = "belfry/v2/\(database)/"
    self.node = node
  }

  var history: String { prefix + "history" }
  var rooms: String { prefix + "rooms" }
  var nodes: String { prefix + "nodes" }
  var nodeChannel: String { prefix + "node/" + node }

  /// The envelopes' channel and the plain lines'.
  func channels(of room: RoomName) -> [String] { [prefix + room.text, room.text] }

  func key(_ key: String, room: RoomName, name: String?) -> String {
    // Without a name there are no brackets: a name can't be told apart from none otherwise.
    "\(prefix)key/\(room)/\(name.map { "(\($0))" } ?? "")/\(key)"
  }

  /// What a message on a channel is.
  enum Channel: Equatable {
    case node
    case envelopes(RoomName)
    case lines(RoomName)
  }
}
