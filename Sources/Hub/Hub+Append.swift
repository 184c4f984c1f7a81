internal import EventStream
package import Events

/// Taking events in, and telling the feeds that follow their topics.
extension Hub {
  /// Takes in event `number`; `flush` sends it.
  ///
  /// Numbers rise from event to event, over all topics. False means that there is no place for one of its topics:
  /// the event is lost.
  @discardableResult
  package func append(_ event: Event, number: UInt64, now: Instant) -> Bool {
    assertOnThread()
    precondition(number > newest, "numbers rise")
    if restored != nil { endRestoring() }
    guard event.topics.count == 1 || table.hasPlaces(for: Set(event.topics)),
      let canonical = event.topics.first, let first = table.topic(canonical)
    else { return false }
    numbering.advance(to: number)
    counted.published += 1
    let frame = frame(
      event, number: number, position: numbering.newestPosition, time: now)
    if event.topics.count == 1 {
      take(frame, of: event, into: first, now: now)
    } else {
      take(frame, of: event, now: now)
    }
    lookAtLag(frame, now: now)
    return true
  }

  /// Takes in a message of one topic.
  private func take(_ frame: Frame, of event: Event, into topic: TopicLog, now: Instant) {
    table.append(frame, to: topic, now: now)
    var delivery = Delivery(frame, event)
    let links = topic.links
    if !links.isEmpty {
      for place in 0..<links.count {
        let link = links[place]
        if link.selects, link.grants || !frame.isPrivate { give(&delivery, to: feeds[link.feed]) }
      }
    }
    for feed in feeds.everywhere
    where !frame.isPrivate || feeds.grants(feed, anyOf: [topic.topic]) {
      give(&delivery, to: feed)
    }
    launch(delivery)
    table.forgetIfIdle(topic)
  }

  /// Takes in a message of several topics, which a feed gets once.
  private func take(_ frame: Frame, of event: Event, now: Instant) {
    var seen: Set<Topic> = []
    let topics = event.topics.filter { seen.insert($0).inserted }.compactMap { table.topic($0) }
    var readers: [UInt32: (selects: Bool, grants: Bool)] = [:]
    for topic in topics {
      table.append(frame, to: topic, now: now)
      for place in 0..<topic.links.count {
        let link = topic.links[place]
        let before = readers[link.feed] ?? (false, false)
        readers[link.feed] = (before.selects || link.selects, before.grants || link.grants)
      }
    }
    for feed in feeds.everywhere {
      readers[feed.index] = (true, feeds.grants(feed, anyOf: event.topics))
    }
    var delivery = Delivery(frame, event)
    for (feed, link) in readers where link.selects && (link.grants || !frame.isPrivate) {
      give(&delivery, to: feeds[feed])
    }
    launch(delivery)
    for topic in topics { table.forgetIfIdle(topic) }
  }

  func frame(_ event: Event, number: UInt64, position: UInt64, time: Instant) -> Frame {
    let sent = ServerSentEvent(
      type: event.type, id: EventID(epoch: epoch, number: number), data: format.text(of: event),
      retry: event.retry)
    return Frame(sent, event, number: number, position: position, time: time)
  }

  /// An event on its way to feeds, in the formats that they want.
  struct Delivery {
    let text: Frame
    private let event: Event
    private(set) var json: Frame?

    init(_ frame: Frame, _ event: Event) {
      text = frame
      self.event = event
    }

    /// The frame for a format, made when it is wanted first.
    mutating func frame(_ format: StreamFormat, epoch: Epoch) -> Frame {
      guard format == .json else { return text }
      if let json { return json }
      let frame = Frame(jsonOf: text, event, epoch: epoch)
      json = frame
      return frame
    }
  }

  /// The newest event of all comes to a feed.
  func give(_ delivery: inout Delivery, to feed: Feed) {
    give(delivery.frame(feed.format, epoch: epoch), to: feed)
  }

  /// The newest frame of all comes to a feed.
  func give(_ frame: Frame, to feed: Feed) {
    table.ledger.hold(frame)
    feed.append(frame)
    frame.underway += 1
    guard !feed.isQueued else { return }
    feed.isQueued = true
    work.append(feed)
  }

  /// A message begins its way to those who listen, if there are any; in two formats it counts as two.
  private func launch(_ delivery: Delivery) {
    if delivery.text.underway > 0 { underway += 1 }
    if let json = delivery.json, json.underway > 0 { underway += 1 }
  }

  /// Looks for those who are too far behind once so much was taken in that they may be.
  func lookAtLag(_ frame: Frame, now: Instant) {
    bytesSinceSweep += frame.size
    guard bytesSinceSweep > settings.listenerLagBytes else { return }
    beginLagPass()
    _ = keepBounds(FanOutBudget()) { now }
  }

  // MARK: - Letting go

  /// A frame has come to all members of a feed who were there when it came.
  ///
  /// - Parameter now: nil: they have gone before it did.
  func arrive(_ frame: Frame, now: Instant?) {
    guard frame.underway > 0 else { return }
    frame.underway -= 1
    guard frame.underway == 0, frame.number > 0 else { return }
    underway -= 1
    if let now { times.observe(max(.zero, now - frame.time)) }
  }

  /// Takes note of what has arrived in a feed, and lets go what nobody in it needs.
  func land(_ feed: Feed, now: Instant) {
    let isOver = feed.pending == 0
    if let backlog = feed.backlog {
      while let frame = backlog.takeArrival(isOver: isOver) { arrive(frame, now: now) }
      drop(feed)
    } else if isOver, let frame = feed.takeOnly() {
      arrive(frame, now: now)
      table.ledger.release(frame)
    }
  }

  /// Lets go what every member of a feed has.
  func drop(_ feed: Feed) {
    while let frame = feed.takeUnneeded() { table.ledger.release(frame) }
  }
}
