internal import EventStream
internal import Reactor

/// Which rooms exist.
package struct RoomRules: Sendable {
  /// The room of whoever names none.
  package static let defaultName = "chat"
  /// Rooms that one stream may follow.
  static let maximumPerStream = 64

  private let patterns: [RoomPattern]?

  /// Any.
  package init() { patterns = nil }

  /// Those that match one of `patterns`.
  package init(_ patterns: [RoomPattern]) { self.patterns = patterns }

  func allows(_ room: RoomName) -> Bool {
    patterns.map { patterns in patterns.contains { $0.matches(room) } } ?? true
  }

  /// The room that a request names, or the default one.
  ///
  /// - Throws: what to answer when it is no name, or no room.
  func room(named text: String?) throws(Refusal) -> RoomName {
    guard let room = RoomName(text ?? Self.defaultName) else {
      throw Refusal(
        .badRequest, "a room's name is 1 to 64 of the characters A-Z a-z 0-9 . _ : -")
    }
    guard allows(room) else { throw Refusal(.notFound, "there is no room \(room) here") }
    return room
  }
}
