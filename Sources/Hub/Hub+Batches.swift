internal import Events

/// What a listener is written next, where that isn't one frame that all members of its feed lack.
extension Hub {
  /// So many messages of the history are looked at for one batch, wanted or not.
  private static var looksPerBatch: Int { 2000 }

  /// What a listener is sent next that isn't one frame; nil: history has lost some of it, and the stream ends.
  ///
  /// Inlined, it would have each delivery of one frame begin with looks at what it doesn't need: 110 instructions
  /// (`Benchmarks/Micro/compare fanout`).
  @inline(never)
  func nextBatch(for slot: UInt32, _ listener: Listener, _ feed: Feed) -> Batch? {
    if hasLost(slot, listener, feed) {
      doom(slot, .lag)
      return nil
    }
    return batch(of: feed, for: listener)
  }

  private func batch(of feed: Feed, for listener: Listener) -> Batch {
    let kind = BatchCache.Kind(of: listener)
    if let kept = batches.batch(of: feed, at: listener.cursor, kind) { return kept }
    let batch =
      kind.isReplay
      ? replay(of: feed, after: listener.cursor, listener.framing)
      : backlog(
        of: feed, after: listener.cursor, listener.framing, skippingStrays: kind.skipsStrays)
    batches.keep(batch, of: feed, kind)
    return batch
  }

  /// What a feed keeps for those who are there.
  private func backlog(
    of feed: Feed, after cursor: UInt64, _ framing: Framing, skippingStrays: Bool
  ) -> Batch {
    let backlog = feed.makeBacklog()
    var place = backlog.place(after: cursor)
    func next() -> Frame? {
      while let frame = backlog.frame(at: place) {
        place += 1
        if !skippingStrays || !frame.isStray { return frame }
      }
      return nil
    }
    return Batch(after: cursor, framing, next: next, through: { feed.head })
  }

  /// What history has for those who came to be sent it.
  private func replay(of feed: Feed, after cursor: UInt64, _ framing: Framing) -> Batch {
    guard feed.isExact else {
      var walk = walk(of: feed, after: cursor, atMost: Self.looksPerBatch)
      return Batch(
        after: cursor, framing, next: { next(of: feed) { walk.next() } },
        through: { walk.reached ?? feed.head })
    }
    var merge = HistoryMerge(of: selected(by: feed), after: cursor)
    return Batch(
      after: cursor, framing, next: { next(of: feed) { merge.next() } }, through: { feed.head })
  }

  /// All that history has for a feed.
  func history(of feed: Feed, after cursor: UInt64) -> [Frame] {
    var frames: [Frame] = []
    if feed.isExact {
      var merge = HistoryMerge(of: selected(by: feed), after: cursor)
      while let frame = next(of: feed, { merge.next() }) { frames.append(frame) }
    } else {
      var walk = walk(of: feed, after: cursor, atMost: .max / 2)
      while let frame = next(of: feed, { walk.next() }) { frames.append(frame) }
    }
    return frames
  }

  /// The first message that history has for a feed that follows more than topics that it names.
  func firstInHistory(of feed: Feed, after cursor: UInt64) -> Frame? {
    var walk = walk(of: feed, after: cursor, atMost: .max / 2)
    return next(of: feed) { walk.next() }
  }

  private func walk(of feed: Feed, after cursor: UInt64, atMost limit: Int) -> HistoryWalk {
    guard let interest = feeds.interest(of: feed), let order = table.arrangedOrder() else {
      preconditionFailure("patterns need `HubSettings.hasPatterns`")
    }
    return HistoryWalk(order, interest, after: cursor, atMost: limit)
  }

  /// The next message that the feed may have.
  private func next(of feed: Feed, _ next: () -> Frame?) -> Frame? {
    while let frame = next() {
      if !frame.isPrivate || feeds.grants(feed, anyOf: frame.event?.topics ?? []) {
        return formatted(frame, for: feed)
      }
    }
    return nil
  }

  /// A message of the history as the feed's members are sent it.
  private func formatted(_ frame: Frame, for feed: Feed) -> Frame {
    guard feed.format == .json, let event = frame.event else { return frame }
    return Frame(jsonOf: frame, event, epoch: epoch)
  }

  /// The topics whose events the feed is sent, as far as its links say it.
  private func selected(by feed: Feed) -> some Sequence<TopicLog> {
    (0..<feed.links.count).lazy.map { feed.links[$0] }.filter(\.selects).map(\.topic)
  }

  /// Whether a listener that replays was to be sent a message that history has let go.
  func hasLost(_ slot: UInt32, _ listener: Listener, _ feed: Feed) -> Bool {
    guard table.losses.isRecording, listener.flags.contains(.replaying) else { return false }
    let isEverywhere = feeds.interest(of: feed)?.selectsEverything ?? false
    return table.losses.concern(
      slot, of: feed, after: listener.cursor, topics: isEverywhere ? nil : selected(by: feed))
  }
}
