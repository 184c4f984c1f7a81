internal import EventStream
package import Events

/// What a history that is kept elsewhere asks for: rooms that are loaded and let go, lines that have
/// no place in it, and its end.
extension Hub {
  /// Takes over what is kept of a room, and holds the room until `unload`; nobody listens to it yet.
  ///
  /// - Returns: false when as many rooms as may be are held.
  package func load(_ name: RoomName, _ history: RoomHistory, now: Instant) -> Bool {
    assertOnThread()
    table.unload(name)
    guard
      let room = table.hold(
        name, droppedThrough: history.droppedThrough, unknownThrough: history.unknownThrough)
    else { return false }
    for message in history.messages {
      numbering.advance(to: message.number)
      let frame = frame(
        message.event, number: message.number, position: numbering.position(of: message.number),
        time: now - message.age)
      table.append(frame, to: room, now: now)
    }
    return true
  }

  /// Lets a room go with its log; nothing happens while it has listeners.
  package func unload(_ name: RoomName) {
    assertOnThread()
    guard let room = table.topics[.room(name)], !room.isFollowed else { return }
    table.unload(name)
  }

  /// Whether the room has listeners.
  package func hasListeners(_ name: RoomName) -> Bool {
    assertOnThread()
    return table.topics[.room(name)]?.isFollowed ?? false
  }

  /// Whether there is a place for message `number` in the order.
  package func hasPlace(for number: UInt64) -> Bool { numbering.hasPlace(for: number) }

  /// Every message up to `number` of the rooms held has been taken in.
  package func advance(toNumber number: UInt64) { numbering.advance(to: number) }

  /// Sends an event of a room that has no number to who listens now; it is never replayed.
  package func appendStray(_ event: Event, now: Instant) {
    assertOnThread()
    counted.strays += 1
    guard let canonical = event.topics.first, let topic = table.topics[canonical],
      !topic.links.isEmpty || !feeds.everywhere.isEmpty
    else { return }
    let frame = Frame(
      ServerSentEvent(type: event.type, data: format.text(of: event), retry: event.retry),
      number: 0, position: numbering.takeStray(), time: now)
    var delivery = Delivery(frame, event)
    for place in 0..<topic.links.count where topic.links[place].selects {
      give(&delivery, to: feeds[topic.links[place].feed])
    }
    for feed in feeds.everywhere { give(&delivery, to: feed) }
    lookAtLag(frame, now: now)
  }

  /// Begins a room's history anew, since messages between its newest and the next are lost, and tells
  /// who listens, after what they still lack of the past.
  ///
  /// - Parameters:
  ///   - after: the last number before the loss.
  ///   - lostThrough: the last that is lost.
  ///   - oldest: the first that will come; nil when there is none yet.
  package func appendGap(
    in name: RoomName, after: UInt64, lostThrough: UInt64, oldest: UInt64?, reason: GapReason,
    now: Instant
  ) {
    assertOnThread()
    guard let room = table.topics[.room(name)] else { return }
    for feed in followers(of: room) { holdReplays(of: feed) }
    var start = HistoryStart(droppedThrough: lostThrough)
    if reason == .unknown {
      start = HistoryStart(droppedThrough: after, unknownThrough: lostThrough)
    }
    table.beginHistory(of: room, at: start)
    let id = EventID(epoch: epoch, number: after)
    tell(room, after: id, oldest: oldest, reason, id: nil, now: now)
    if !isWalking { removeDoomed() }
  }

  /// Whether there are places for another history: only numbers that somebody made up use them up.
  package var hasPlaceForHistory: Bool { numbering.hasPlaceForHistory }

  /// Begins a new history, in which every room is empty and numbers begin at 1 again.
  ///
  /// Each listener is still sent what it lacks of the old one, then a `gap` in each of its rooms,
  /// then what is new. The caller has asked `hasPlaceForHistory`.
  ///
  /// - Parameter starts: for rooms whose new history did not begin just now, where what they are
  ///   about to be given begins.
  package func restart(epoch: Epoch, starts: [RoomName: HistoryStart] = [:], now: Instant) {
    assertOnThread()
    let last = newestID
    if table.losses.isRecording { for feed in feeds.all { holdReplays(of: feed) } }
    self.epoch = epoch
    numbering.restart()
    table.restart(at: starts)
    let followed = table.topics.filter(\.isFollowed).sorted { $0.topic < $1.topic }
    for topic in followed {
      // With the id it resumes in this history from here on, however soon it goes.
      let oldest = topic.topic.room.flatMap { starts[$0]?.oldest }
      tell(topic, after: last, oldest: oldest, .restarted, id: newestID, now: now)
    }
    for feed in feeds.all where !feed.isExact {
      tell(nil, [feed], after: last, oldest: nil, .restarted, id: newestID, now: now)
    }
    for topic in table.topics { table.forgetIfIdle(topic) }
    if !isWalking { removeDoomed() }
  }

  /// The feeds that are sent a topic's events because they name it.
  private func followers(of topic: TopicLog) -> [Feed] {
    (0..<topic.links.count).compactMap {
      let link = topic.links[$0]
      return link.selects && link.isNamed ? feeds[link.feed] : nil
    }
  }

  private func tell(
    _ topic: TopicLog, after: EventID, oldest: UInt64?, _ reason: GapReason, id: EventID?,
    now: Instant
  ) {
    tell(
      topic.topic, followers(of: topic).filter(\.isExact), after: after, oldest: oldest, reason,
      id: id, now: now)
  }

  private func tell(
    _ topic: Topic?, _ feeds: [Feed], after: EventID, oldest: UInt64?, _ reason: GapReason,
    id: EventID?, now: Instant
  ) {
    guard !feeds.isEmpty else { return }
    // Each of them is told, as each is that comes back to a gap.
    counted.countGap(reason, times: feeds.reduce(0) { $0 + $1.members.count })
    let first = oldest.map { EventID(epoch: epoch, number: $0) }
    var event = Gap(topic: topic, after: after.description, oldest: first, reason: reason).event
    event.id = id
    let frame = Frame(
      event, number: 0, position: numbering.takeStray(), time: now, isNotice: true)
    for feed in feeds { give(frame, to: feed) }
    lookAtLag(frame, now: now)
  }

  /// Those who replay no longer live on history, which is about to end: the feed keeps it for them.
  private func holdReplays(of feed: Feed) {
    var replaying: [UInt32] = []
    for place in 0..<feed.members.count {
      let slot = feed.members[place]
      guard listeners[slot].flags.contains(.replaying) else { continue }
      if hasLost(slot, listeners[slot], feed) { doom(slot, .lag) } else { replaying.append(slot) }
    }
    guard let cursor = replaying.map({ listeners[$0].cursor }).min() else { return }
    let backlog = feed.makeBacklog()
    let oldest = backlog.frame(at: 0)?.position ?? .max
    let frames = history(of: feed, after: cursor).prefix { $0.position < oldest }
    for frame in frames { table.ledger.hold(frame) }
    backlog.prepend(Array(frames))
    for slot in replaying {
      listeners[slot].flags.remove(.replaying)
      listeners[slot].flags.insert(.skipsStrays)
      table.losses.end(slot)
      hold(slot, feed)
    }
  }
}

/// What is kept of a room elsewhere, for `Hub.load`.
package struct RoomHistory: Sendable, Equatable {
  /// One message.
  package struct Message: Sendable, Equatable {
    package var number: UInt64
    package var event: Event
    /// How long ago it was published.
    package var age: Duration

    package init(number: UInt64, event: Event, age: Duration) {
      self.number = number
      self.event = event
      self.age = age
    }
  }

  /// In the order of their numbers.
  package var messages: [Message]
  /// The room's messages up to this number are kept no more.
  package var droppedThrough: UInt64
  /// Of messages up to this number nobody knows whether the room had any.
  package var unknownThrough: UInt64

  package init(
    messages: [Message] = [], droppedThrough: UInt64 = 0, unknownThrough: UInt64 = 0
  ) {
    self.messages = messages
    self.droppedThrough = droppedThrough
    self.unknownThrough = unknownThrough
  }
}
