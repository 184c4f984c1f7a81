internal import EventStream
internal import Events

/// Opening a stream: where it starts, and what it is told first.
extension Hub {
  /// Opens a stream for an interest, which selects something, and sends its head and opening.
  ///
  /// With `lastEventID` it is sent what came after that first, and a `gap` event before it for each
  /// topic that it names whose history no longer reaches so far; one for all where it follows more than it names.
  ///
  /// The caller has asked `hasPlaces` in this turn; `flush` sends the messages.
  ///
  /// - Parameters:
  ///   - format: what the `data:` of its events is.
  ///   - head: the bytes of the HTTP response's head.
  ///   - identity: whom it belongs to.
  ///   - deadline: when it ends.
  package func subscribe(
    _ handle: StreamHandle, to interest: Interest, as format: StreamFormat = .text,
    after lastEventID: LastEventID?, framing: Framing, head: [UInt8], now: Instant,
    identity: StreamIdentity? = nil, deadline: Instant? = nil
  ) -> StreamToken {
    assertOnThread()
    let topics = topics(named: interest, now: now)
    let feed = feeds.feed(
      of: interest, format, named: topics, others: { Array(table.topics) },
      head: numbering.newestPosition)
    let resumption = resumption(of: feed, interest, after: lastEventID, topics)
    for gap in resumption.gaps { counted.countGap(gap.reason) }
    var flags: Listener.Flags = framing == .plain ? [.plain] : []
    let isBehind = resumption.cursor < numbering.newestPosition
    if isBehind { flags.insert(.replaying) }
    let slot = listeners.insert(
      Listener(handle, cursor: resumption.cursor, lastWrite: tick, flags: flags))
    listeners[slot].feed = Int32(feed.index)
    listeners[slot].place = UInt32(feed.add(slot))
    if isBehind { table.losses.begin(slot) }
    counted.opened += 1
    let token = listeners.token(of: slot)
    if let identity { identities[slot] = identity }
    if let deadline { setDeadline(deadline, of: token) }
    send(head + opening(of: resumption, framing), privatelyTo: slot)
    if isBehind, !listeners[slot].flags.contains(.behind) {
      fallBehind(slot, feed)
      enqueue(slot)
    }
    if !isWalking { removeDoomed() }
    return token
  }

  private func resumption(
    of feed: Feed, _ interest: Interest, after last: LastEventID?, _ named: [TopicLog]
  ) -> Resumption {
    if feed.isExact {
      return Resumption(
        after: last, topics: named.filter { interest.selects($0.topic) }, epoch: epoch,
        numbering: numbering)
    }
    let history = Resumption.History(
      topic: nil, droppedThrough: droppedThrough(of: feed, interest), unknownThrough: 0,
      first: { self.firstInHistory(of: feed, after: $0) })
    return Resumption(after: last, epoch: epoch, numbering: numbering, histories: [history])
  }

  /// Up to which number messages are lost that a feed would have had that follows more than it names. Of topics that
  /// were forgotten it isn't known whether they were among those.
  private func droppedThrough(of feed: Feed, _ interest: Interest) -> UInt64 {
    guard !interest.selectsEverything else { return table.droppedThrough }
    return (0..<feed.links.count).reduce(table.forgottenThrough) { number, place in
      let link = feed.links[place]
      return link.selects ? max(number, link.topic.droppedThrough) : number
    }
  }

  /// Whether a listener's last id names a message that this hub may have had, or is none that anybody
  /// could have.
  package func knows(_ last: LastEventID) -> Bool {
    assertOnThread()
    return last.id.map { $0.epoch == epoch && $0.number <= newest } ?? true
  }

  /// The opening of a stream; of those without gaps the last one is kept, since a crowd that comes at
  /// once is told the same.
  private func opening(of resumption: Resumption, _ framing: Framing) -> [UInt8] {
    guard resumption.gaps.isEmpty else { return framing.frame(opening(of: resumption)) }
    let id = EventID(epoch: epoch, number: resumption.number)
    if let last = lastOpening, last.id == id, last.framing == framing { return last.bytes }
    let bytes = framing.frame(opening(of: resumption))
    lastOpening = (id, framing, bytes)
    return bytes
  }

  /// A comment, `retry:`, the id the stream starts at, and what it can't be given.
  private func opening(of resumption: Resumption) -> [UInt8] {
    var bytes: [UInt8] = []
    ServerSentEvent.encodeComment("", into: &bytes)
    ServerSentEvent(retry: settings.retry).encode(into: &bytes)
    let id = EventID(epoch: epoch, number: resumption.number)
    ServerSentEvent(id: id).encode(into: &bytes)
    for gap in resumption.gaps { gap.event.encode(into: &bytes) }
    return bytes
  }

  /// The topics that an interest names, in one order, without what is too old for replay.
  private func topics(named interest: Interest, now: Instant) -> [TopicLog] {
    interest.topics.sorted().map { name in
      guard let topic = table.topic(name) else { preconditionFailure("no place was asked for") }
      table.expire(topic, now: now)
      return topic
    }
  }
}
