package import Events

/// What a listener names to say which events it wants, or may have.
package enum Selector: Hashable, Sendable {
  /// One topic.
  case topic(Topic)
  /// Every topic that it matches.
  case pattern(AnyTopicPattern)
  /// Every topic.
  case everything
}

/// A rule that topics match or don't; the same topic always gets the same answer.
package protocol TopicPattern: Hashable, Sendable {
  func matches(_ topic: Topic) -> Bool
}

/// A pattern of any kind.
package struct AnyTopicPattern: Hashable, Sendable {
  private let base: any TopicPattern

  package init(_ base: some TopicPattern) { self.base = base }

  func matches(_ topic: Topic) -> Bool { base.matches(topic) }

  package static func == (left: AnyTopicPattern, right: AnyTopicPattern) -> Bool {
    AnyHashable(left.base) == AnyHashable(right.base)
  }

  package func hash(into hasher: inout Hasher) { base.hash(into: &hasher) }
}

/// Which events a stream is sent: the key of a feed.
package struct Interest: Hashable, Sendable {
  /// It is sent the public events of these topics, and of the private ones those that `grants` cover too.
  package var selectors: Set<Selector>
  /// Of these topics it may have private events.
  package var grants: Set<Selector>

  package init(_ selectors: Set<Selector>, grants: Set<Selector> = []) {
    self.selectors = selectors
    self.grants = grants
  }

  /// Of rooms, whose events are public.
  package init(rooms: some Sequence<RoomName>) {
    self.init(Set(rooms.map { .topic(.room($0)) }))
  }

  /// Whether it says of nothing but topics that it names.
  var isExact: Bool { namesAllItSelects && grants.allSatisfy(\.isExact) }
  var namesAllItSelects: Bool { selectors.allSatisfy(\.isExact) }
  var selectsEverything: Bool { selectors.contains(.everything) }

  /// The topics that it names.
  var topics: Set<Topic> { Set(selectors.union(grants).compactMap(\.topic)) }

  func selects(_ topic: Topic) -> Bool { selectors.contains { $0.matches(topic) } }
  func grants(_ topic: Topic) -> Bool { grants.contains { $0.matches(topic) } }
}

extension Selector {
  /// The topic, where it names one.
  var topic: Topic? { if case .topic(let topic) = self { topic } else { nil } }
  var isExact: Bool { topic != nil }

  fileprivate func matches(_ topic: Topic) -> Bool {
    switch self {
    case .topic(let other): topic == other
    case .pattern(let pattern): pattern.matches(topic)
    case .everything: true
    }
  }
}
