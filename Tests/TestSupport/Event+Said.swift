package import Events

extension Event {
  /// What somebody says in a room, at a moment that is always the same.
  package static func said(
    _ text: String, in room: String = "chat", by name: String? = nil, key: String? = nil
  ) -> Event {
    // A test's room has a name that is one.
    var event = Event(
      .room(RoomName(room)!), text, time: EventTime(milliseconds: 1_796_079_907_042))
    event.sender = name.map { Sender(name: $0) }
    event.key = key
    return event
  }
}
