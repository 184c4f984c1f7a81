package import Events
internal import Reactor
internal import Responses

/// Which rooms exist.
package struct RoomRules: Hashable, Sendable, CustomStringConvertible {
  /// The original's room.
  private static let chat = "chat"
  /// Rooms that one stream may follow.
  static let maximumPerStream = 64

  private let patterns: [RoomPattern]?

  /// The room of whoever names none, the page's too: `chat`, or where that isn't one the first that
  /// is named in full; nil when there is none.
  package let home: RoomName?

  /// Any.
  package init() { self.init(matching: nil) }

  /// The original's room alone.
  package static let chatOnly = RoomRules([RoomPattern(chat)].compactMap(\.self))

  /// Those that match one of `patterns`.
  package init(_ patterns: [RoomPattern]) { self.init(matching: patterns) }

  private init(matching patterns: [RoomPattern]?) {
    self.patterns = patterns
    let chat = RoomName(Self.chat).flatMap { Self.allows($0, patterns) ? $0 : nil }
    home = chat ?? patterns?.lazy.compactMap { RoomName($0.text) }.first
  }

  /// As `--rooms` has them.
  package var description: String {
    patterns.map { $0.map(\.text).joined(separator: ",") } ?? "*"
  }

  func allows(_ room: RoomName) -> Bool { Self.allows(room, patterns) }

  private static func allows(_ room: RoomName, _ patterns: [RoomPattern]?) -> Bool {
    patterns.map { patterns in patterns.contains { $0.matches(room) } } ?? true
  }

  /// The room that a request names, or the default one.
  ///
  /// - Throws: what to answer when it is no name, or no room.
  func room(named text: String?) throws(Refusal) -> RoomName {
    guard let room = text.map({ RoomName($0) }) ?? home else {
      throw Refusal(
        .badRequest, "a room name must be 1 to 64 of the characters A-Z a-z 0-9 . _ : -")
    }
    guard allows(room) else { throw Refusal(.notFound, "no such room: \(room)") }
    return room
  }
}
