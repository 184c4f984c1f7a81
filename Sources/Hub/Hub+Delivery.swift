/// Writing from the cursor to the head.
extension Hub {
  /// A visit writes at most so many batches, so that one fast reader of a long history doesn't hold
  /// the loop for longer than a look at the clock can notice.
  private static var batchesPerVisit: Int { 4 }
  /// A write takes some 8 µs (Benchmarks/README.md): so many are a small part of a slice.
  private static var writesPerClockReading: Int { 16 }

  /// Writes what is new to those who don't have it, as far as `budget` reaches.
  ///
  /// - Returns: whether there is more to do; the caller lets other work in between, and comes back.
  package func flush(
    budget: FanOutBudget = FanOutBudget(), clock: () -> Instant = { .now }
  ) -> Bool {
    assertOnThread()
    if !work.isEmpty || !unfinished.isEmpty { walk(budget, clock) }
    let isOver = keepBounds(budget, clock)
    let hasMore = !work.isEmpty || !unfinished.isEmpty
    if !hasMore { batches.removeAll() }
    return hasMore || isOver
  }

  private func walk(_ budget: FanOutBudget, _ clock: () -> Instant) {
    let start = clock()
    isWalking = true
    // Those who replay get half of the time, so that what is live is not held up by a storm of them.
    var visits = finish(atMost: max(1, budget.streams / 2), until: start + budget.time / 2, clock)
    // Members who are offered nothing.
    var passed = 0
    walk: while let feed = work.first {
      while let slot = feed.nextMember() {
        let met = deliver(slot, feed)
        if feed.settle() { land(feed, now: clock()) }
        if met {
          visits += 1
          let readsClock = visits % Self.writesPerClockReading == 0
          guard visits >= budget.streams || (readsClock && clock() >= start + budget.time) else {
            continue
          }
        } else {
          passed += 1
          guard passed >= budget.looks else { continue }
        }
        // The next slice is another feed's: one that always has something new would keep it.
        if feed.pending > 0, work.count > 1 { work.append(work.removeFirst()) }
        break walk
      }
      finish(feed, clock)
    }
    isWalking = false
    removeDoomed()
    while let feed = work.first, feed.pending == 0 { finish(feed, clock) }
  }

  /// The walk of the first feed is done.
  private func finish(_ feed: Feed, _ clock: () -> Instant) {
    work.removeFirst()
    feed.isQueued = false
    // Members who went before they were met leave some.
    if feed.only != nil || feed.backlog != nil { land(feed, now: clock()) }
  }

  /// The stream's socket has room again: `flush` goes on with it.
  package func resume(_ token: StreamToken) {
    assertOnThread()
    guard let slot = listeners.slot(of: token), listeners[slot].flags.contains(.behind) else {
      return
    }
    enqueue(slot)
  }

  /// Goes on with those who could take more, in the order in which that was found.
  ///
  /// - Returns: how many streams were visited.
  private func finish(atMost limit: Int, until deadline: Instant, _ clock: () -> Instant) -> Int {
    var visits = 0
    // Who is not done by its visit stands at the end again, for the next time.
    for _ in 0..<unfinished.count where visits < limit {
      guard let slot = listeners.slot(of: unfinished.removeFirst()) else { continue }
      visits += 1
      listeners[slot].flags.remove(.queued)
      stopBeingBehind(slot)
      let feed = feed(of: listeners[slot])
      _ = deliver(slot, feed)
      drop(feed)
      // A visit may copy 256 KiB: here each is worth a look at the clock.
      if clock() >= deadline { break }
    }
    return visits
  }

  /// Puts a stream down for `flush`; one that is behind and not put down waits for `resume`.
  func enqueue(_ slot: UInt32) {
    guard !listeners[slot].flags.contains(.queued) else { return }
    listeners[slot].flags.insert(.queued)
    unfinished.append(listeners.token(of: slot))
  }

  /// Writes to one stream until it has everything, takes no more, or is gone; one that is behind is
  /// passed by.
  ///
  /// - Returns: whether anything was offered to it.
  func deliver(_ slot: UInt32, _ feed: Feed) -> Bool {
    var offered = false
    // A copy, good until something is written: one look at shared storage instead of many.
    var listener = listeners[slot]
    for _ in 0..<Self.batchesPerVisit {
      guard let handle = listener.handle, listener.flags.isDisjoint(with: [.behind, .doomed]) else {
        return offered
      }
      if listener.flags.contains(.hasPrivateBytes), listener.offset == 0 {
        offered = true
        guard writePrivateBytes(slot, handle) else { return true }
        if listener.flags.contains(.saidGoodbye) {
          doom(slot, reasonToEnd(slot))
          return true
        }
        listener = listeners[slot]
      }
      guard listener.cursor < feed.head else {
        arrive(slot, listener, feed)
        return offered
      }
      if let frame = feed.only, !listener.flags.contains(.replaying) {
        guard let written = write(frame, to: slot, listener, handle) else { return true }
        offered = true
        listener = written
        continue
      }
      guard let batch = nextBatch(for: slot, listener, feed) else { return true }
      if batch.isEmpty {
        listeners[slot].cursor = batch.through
        listener = listeners[slot]
        continue
      }
      offered = true
      guard let written = write(batch, to: slot, listener, handle) else { return true }
      listener = written
    }
    // One that has everything by now arrives at the next visit.
    fallBehind(slot, feed)
    enqueue(slot)
    return offered
  }

  /// Offers the one frame that a listener lacks; it has no byte of it, since one that took a part is behind.
  private func write(
    _ frame: Frame, to slot: UInt32, _ listener: Listener, _ handle: StreamHandle
  ) -> Listener? {
    let range = frame.range(listener.framing)
    let bytes = frame.bytes
    guard let taken = take(bytes.span.extracting(range), to: slot, handle) else { return nil }
    let isWhole = taken == range.count
    let written = listeners[slot].advance(
      to: isWhole ? frame.position : nil, offset: isWhole ? 0 : taken, tick: taken > 0 ? tick : nil)
    if isWhole {
      traffic.countDelivery(of: frame.isNotice ? 0 : 1, isReplay: false)
      return written
    }
    block(slot, handle)
    return nil
  }

  /// Offers the rest of a batch, and returns the listener as it is then; nil means that the stream took
  /// less, or is gone.
  private func write(
    _ batch: Batch, to slot: UInt32, _ listener: Listener, _ handle: StreamHandle
  ) -> Listener? {
    let offset = listener.offset
    let bytes = batch.bytes
    let part = bytes.span.extracting(batch.range.lowerBound + offset..<batch.range.upperBound)
    guard let taken = take(part, to: slot, handle) else { return nil }
    let place = batch.place(after: offset + taken)
    let written = listeners[slot].advance(
      to: place.position, offset: place.offset, tick: taken > 0 ? tick : nil)
    traffic.countDelivery(
      of: place.messages, isReplay: listener.flags.contains(.replaying))
    if taken == part.count { return written }
    block(slot, handle)
    return nil
  }

  /// Hands bytes to the sink and keeps the books; nil means that the stream is gone.
  func offer(_ bytes: Span<UInt8>, to slot: UInt32, _ handle: StreamHandle) -> Int? {
    guard let taken = take(bytes, to: slot, handle) else { return nil }
    if taken > 0 { listeners[slot].lastWrite = tick }
    return taken
  }

  /// The same but for the listener's record.
  private func take(_ bytes: Span<UInt8>, to slot: UInt32, _ handle: StreamHandle) -> Int? {
    switch sink.write(bytes, to: handle) {
    case .wrote(let taken):
      traffic.countWrite(of: taken)
      return taken
    case .gone(let reason):
      traffic.countWrite(of: 0)
      doom(slot, reason)
      return nil
    }
  }

  /// The stream did not take all: it waits for `resume`.
  func block(_ slot: UInt32, _ handle: StreamHandle) {
    fallBehind(slot, feed(of: listeners[slot]))
    guard !listeners[slot].flags.contains(.blocked) else { return }
    listeners[slot].flags.insert(.blocked)
    sink.setBlocked(true, handle, listeners.token(of: slot))
  }

  /// The walk passes the stream by from now on.
  func fallBehind(_ slot: UInt32, _ feed: Feed) {
    if !listeners[slot].flags.contains(.behind) { behindCount += 1 }
    listeners[slot].flags.insert(.behind)
    if !listeners[slot].flags.contains(.replaying) { hold(slot, feed) }
  }

  /// The feed keeps what a listener lacks that is behind and doesn't replay.
  func hold(_ slot: UInt32, _ feed: Feed) {
    feed.makeBacklog().hold(slot, at: listeners[slot].cursor) { isHeld($0, at: $1, feed) }
    queueAsSlow(feed)
  }

  /// Whether the feed keeps what is lacked by a listener of this feed that is behind at `cursor`.
  private func isHeld(_ slot: UInt32, at cursor: UInt64, _ feed: Feed) -> Bool {
    let listener = listeners[slot]
    return listener.flags.intersection([.behind, .replaying]) == .behind
      && listener.cursor == cursor && listener.feed == Int32(feed.index)
  }

  /// The stream has everything that was published.
  private func arrive(_ slot: UInt32, _ listener: Listener, _ feed: Feed) {
    let changes: Listener.Flags = [.replaying, .skipsStrays, .blocked, .ending]
    guard !listener.flags.isDisjoint(with: changes) else { return }
    if listener.flags.contains(.replaying) {
      listeners[slot].flags.remove(.replaying)
      table.losses.end(slot)
    }
    listeners[slot].flags.remove(.skipsStrays)
    if listener.flags.contains(.blocked), let handle = listener.handle {
      listeners[slot].flags.remove(.blocked)
      sink.setBlocked(false, handle, listeners.token(of: slot))
    }
    if listener.flags.contains(.ending) { sayGoodbye(slot) }
  }

  func stopBeingBehind(_ slot: UInt32) {
    guard listeners[slot].flags.contains(.behind) else { return }
    listeners[slot].flags.remove(.behind)
    behindCount -= 1
    let feed = feed(of: listeners[slot])
    feed.backlog?.release(slot) { isHeld($0, at: $1, feed) }
  }
}
