internal import Events
internal import Hub
internal import Reactor

/// Makes events of what 0.1.0 hands on: its messages were lines of text, which are shown as they are.
struct LineUpgrade {
  /// The room whose messages come.
  private var room: RoomName?

  /// The piece of history that a packet has; nil: it has none, or a line that belongs to no room.
  mutating func record(_ packet: HandoverPacket) -> HistoryRecord? {
    switch packet {
    case .history(let record):
      if case .topic(let topic, _, _) = record { room = topic.room }
      return record
    case .line(let number, let text, let age):
      guard let room else { return nil }
      let now = WallClock.milliseconds
      let then = now - min(now, UInt64(max(0, age / .milliseconds(1))))
      let event = Event(.room(room), text, time: EventTime(milliseconds: then))
      return .message(RoomHistory.Message(number: number, event: event, age: age))
    default: return nil
    }
  }

  /// A line that 0.1.0 was asked to publish.
  static func event(room: RoomName, text: String, name: String?, key: String?) -> Event {
    var event = Event(.room(room), text, time: EventTime(milliseconds: WallClock.milliseconds))
    event.sender = name.map { Sender(name: $0) }
    event.key = key
    return event
  }
}
