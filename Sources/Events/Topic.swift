/// What an event is about, and what a listener may follow: a room, or a topic of any text. The two are spaces of
/// names of their own.
package enum Topic: Hashable, Sendable, Comparable {
  case room(RoomName)
  case topic(TopicName)

  /// Nil for a topic that is no room.
  package var room: RoomName? { if case .room(let name) = self { name } else { nil } }

  /// Its name.
  package var text: String {
    switch self {
    case .room(let name): name.text
    case .topic(let name): name.text
    }
  }

  /// Rooms first, then by the bytes of the names.
  package static func < (left: Topic, right: Topic) -> Bool {
    switch (left, right) {
    case (.room(let left), .room(let right)): left < right
    case (.room, .topic): true
    case (.topic, .room): false
    case (.topic(let left), .topic(let right)):
      left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
  }
}

/// The name of a topic: any text.
package struct TopicName: Hashable, Sendable, CustomStringConvertible {
  /// The most bytes in UTF-8.
  package static let maximumBytes = 4096

  /// The name itself.
  package let text: String

  /// Fails on nothing, and on more than `maximumBytes`.
  package init?(_ text: String) {
    guard 1...Self.maximumBytes ~= text.utf8.count else { return nil }
    self.text = text
  }

  /// Two names are equal when their bytes are: Swift's strings are equal also when they look alike.
  package static func == (left: TopicName, right: TopicName) -> Bool {
    left.text.utf8.elementsEqual(right.text.utf8)
  }

  /// Names that only look alike have the same hash, which costs time and is never wrong.
  package func hash(into hasher: inout Hasher) { hasher.combine(text) }

  package var description: String { text }
}
