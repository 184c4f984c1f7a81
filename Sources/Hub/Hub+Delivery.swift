/// Writing from the cursor to the head.
extension Hub {
  /// A visit writes at most so many batches, so that one fast reader of a long history doesn't hold
  /// the loop: 4 × 64 KiB is some 0.1 ms of copying.
  private static var batchesPerVisit: Int { 4 }
  /// Reading the clock costs some 30 ns, a write 7 µs: a look every so many writes is exact enough.
  private static var writesPerClockReading: Int { 16 }

  /// Writes what is new to those who don't have it, as far as `budget` reaches.
  ///
  /// - Returns: whether there is more to do; the caller lets other work in between, and comes back.
  package func flush(
    budget: FanOutBudget = FanOutBudget(), clock: () -> Instant = { .now }
  ) -> Bool {
    guard !work.isEmpty || !unfinished.isEmpty else { return false }
    let deadline = clock() + budget.time
    isWalking = true
    var visits = 0
    finish(&visits, budget.streams)
    walk: while let feed = work.first {
      while let slot = feed.nextMember() {
        let met = !listeners[slot].flags.contains(.behind) && deliver(slot, feed, inWalk: true)
        feed.settle()
        guard met else { continue }
        visits += 1
        if visits >= budget.streams { break walk }
        if visits % Self.writesPerClockReading == 0, clock() >= deadline { break walk }
      }
      work.removeFirst()
      feed.isQueued = false
    }
    isWalking = false
    removeDoomed()
    while let feed = work.first, feed.pending == 0 {
      work.removeFirst()
      feed.isQueued = false
    }
    return !work.isEmpty || !unfinished.isEmpty
  }

  /// The stream's socket has room again.
  package func resume(_ token: StreamToken) {
    guard let slot = listeners.slot(of: token) else { return }
    catchUp(slot)
    if !isWalking { removeDoomed() }
  }

  /// Goes on with those whose last visit was cut short though they could take more.
  private func finish(_ visits: inout Int, _ limit: Int) {
    let slots = unfinished
    unfinished = []
    for (place, slot) in slots.enumerated() {
      guard visits < limit else {
        unfinished.append(contentsOf: slots[place...])
        return
      }
      visits += 1
      catchUp(slot)
    }
  }

  /// Takes a stream that is behind up again.
  func catchUp(_ slot: UInt32) {
    let listener = listeners[slot]
    guard listener.handle != nil, listener.flags.contains(.behind) else { return }
    listeners[slot].flags.remove(.behind)
    _ = deliver(slot, feed(of: listener), inWalk: false)
  }

  /// Writes to one stream until it has everything, takes no more, or is gone.
  ///
  /// - Parameter inWalk: whether the batch is likely to serve the next stream too.
  /// - Returns: whether anything was offered to it.
  func deliver(_ slot: UInt32, _ feed: Feed, inWalk: Bool) -> Bool {
    guard let handle = listeners[slot].handle, !listeners[slot].flags.contains(.doomed) else {
      return false
    }
    var offered = false
    for _ in 0..<Self.batchesPerVisit {
      if listeners[slot].flags.contains(.hasPrivateBytes), listeners[slot].offset == 0 {
        offered = true
        guard writePrivateBytes(slot, handle) else { return true }
      }
      let cursor = listeners[slot].cursor
      guard cursor < feed.head else {
        arrive(slot, feed)
        return offered
      }
      if listeners[slot].flags.contains(.replaying), cursor < feed.lostThrough {
        doom(slot, .lag)
        return true
      }
      let batch = batch(of: feed, for: listeners[slot], keep: inWalk)
      if batch.ends.isEmpty {
        listeners[slot].cursor = feed.head
        continue
      }
      offered = true
      guard write(batch, to: slot, handle) else { return true }
    }
    // One that has everything by now arrives at the next visit.
    fallBehind(slot, feed)
    unfinished.append(slot)
    return offered
  }

  private func batch(of feed: Feed, for listener: Listener, keep: Bool) -> Batch {
    let plain = listener.flags.contains(.plain)
    let kept = plain ? feed.batches.plain : feed.batches.chunked
    if kept.serves(listener.cursor, head: feed.head) { return kept }
    let batch = Batch(of: feed, after: listener.cursor, framing: listener.framing)
    if keep {
      if plain { feed.batches.plain = batch } else { feed.batches.chunked = batch }
    }
    return batch
  }

  /// Offers the rest of a batch; false means that the stream took less, or is gone.
  private func write(_ batch: Batch, to slot: UInt32, _ handle: StreamHandle) -> Bool {
    let offset = Int(listeners[slot].offset)
    let part = batch.bytes.span.extracting(
      batch.range.lowerBound + offset..<batch.range.upperBound)
    guard let taken = offer(part, to: slot, handle) else { return false }
    let place = batch.place(after: offset + taken)
    if let number = place.number { listeners[slot].cursor = number }
    listeners[slot].offset = UInt32(place.offset)
    counted.delivered += place.frames
    counted.coalesced += max(0, place.frames - 1)
    if listeners[slot].flags.contains(.replaying) { counted.replayed += place.frames }
    if taken == part.count { return true }
    block(slot, handle)
    return false
  }

  /// Hands bytes to the sink and keeps the books; nil means that the stream is gone.
  func offer(_ bytes: Span<UInt8>, to slot: UInt32, _ handle: StreamHandle) -> Int? {
    counted.writes += 1
    switch sink.write(bytes, to: handle) {
    case .wrote(let taken):
      counted.bytes += taken
      if taken > 0 { listeners[slot].lastWrite = tick }
      return taken
    case .gone(let reason):
      doom(slot, reason)
      return nil
    }
  }

  /// The stream did not take all: it waits for `resume`.
  func block(_ slot: UInt32, _ handle: StreamHandle) {
    fallBehind(slot, feed(of: listeners[slot]))
    guard !listeners[slot].flags.contains(.blocked) else { return }
    listeners[slot].flags.insert(.blocked)
    sink.setBlocked(true, handle)
  }

  private func fallBehind(_ slot: UInt32, _ feed: Feed) {
    listeners[slot].flags.insert(.behind)
    if !listeners[slot].flags.contains(.replaying) {
      feed.holdBack(at: listeners[slot].cursor)
    }
  }

  /// The stream has everything that was published.
  private func arrive(_ slot: UInt32, _ feed: Feed) {
    if listeners[slot].flags.contains(.replaying) {
      listeners[slot].flags.remove(.replaying)
      feed.replaying -= 1
    }
    if listeners[slot].flags.contains(.blocked), let handle = listeners[slot].handle {
      listeners[slot].flags.remove(.blocked)
      sink.setBlocked(false, handle)
    }
    if listeners[slot].flags.contains(.ending) { sayGoodbye(slot) }
  }
}
