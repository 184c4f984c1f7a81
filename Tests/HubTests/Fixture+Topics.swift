import Events
import Hub

/// Topics whose names begin with a text.
struct Prefix: TopicPattern {
  let text: String

  func matches(_ topic: Topic) -> Bool {
    if case .topic(let name) = topic { name.text.hasPrefix(text) } else { false }
  }
}

extension Topic {
  static func named(_ text: String) -> Topic { .topic(TopicName(text)!) }
}

extension Fixture {
  @discardableResult
  func listen(
    _ interest: Interest, as format: StreamFormat = .text, after id: String? = nil,
    framing: Framing = .chunked, room: Int? = nil, identity: StreamIdentity? = nil,
    deadline: ContinuousClock.Instant? = nil
  ) -> (handle: Int, token: StreamToken) {
    let handle = sink.open(room: room)
    precondition(hub.hasPlaces(for: interest), "there is a place for it")
    let token = hub.subscribe(
      StreamHandle(rawValue: Int32(handle)), to: interest, as: format,
      after: id.map { LastEventID($0) }, framing: framing, head: [], now: now,
      identity: identity, deadline: deadline)
    if flushesOnSubscribe { flush() }
    return (handle, token)
  }

  /// Whether there was a place for it.
  func append(_ topics: [Topic], isPrivate: Bool = false) -> Bool {
    var event = Event(topics[0], "\(hub.newest + 1)", time: EventTime(milliseconds: 0))
    event.topics = topics
    event.isPrivate = isPrivate
    return hub.append(event, number: hub.newest + 1, now: now)
  }

  func publish(_ topics: [Topic], isPrivate: Bool = false) {
    let isTaken = append(topics, isPrivate: isPrivate)
    precondition(isTaken, "there is a place for it")
  }
}
