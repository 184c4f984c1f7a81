/// What the passing of time asks for: comments for silent streams, and the limits on lag and history.
extension Hub {
  /// So many messages leave history in one tick because they are too old: ten times as many a second.
  private static var expiriesPerTick: Int { 1000 }

  /// How often `advance` wants to be called.
  package var tickInterval: Duration { heartbeats.tick }

  /// Does what is due; to be called once a tick, late calls are made up for.
  package func advance(to now: Instant) {
    assertOnThread()
    let target = UInt32(truncatingIfNeeded: Int64((now - start) / heartbeats.tick))
    let behind = target &- tick
    guard behind > 0, behind < UInt32.max / 2 else { return }
    // After a long halt each slot is looked at once, not once for each interval slept through.
    if let period = heartbeats.period, behind > period { tick = target &- period }
    while tick != target {
      tick &+= 1
      sendHeartbeats()
    }
    if !isWalking { removeDoomed() }
    beginLagPass()
    _ = keepBounds(FanOutBudget()) { now }
    table.sweep(atMost: Self.expiriesPerTick, now: now)
  }

  private func sendHeartbeats() {
    for slot in heartbeats.slots(at: tick, of: listeners.slots) {
      let listener = listeners[slot]
      guard let handle = listener.handle, listener.flags.isDisjoint(with: [.behind, .doomed]),
        heartbeats.isDue(lastWrite: listener.lastWrite, at: tick)
      else { continue }
      // Not behind means between frames: there is room for a comment.
      let comment = listener.flags.contains(.plain) ? Heartbeat.plain : Heartbeat.chunked
      _ = offer(privately: comment, to: slot, handle)
      if !listeners[slot].flags.contains(.doomed) { counted.heartbeats += 1 }
    }
  }

  /// Begins to look for those who are too far behind; nothing happens while that is under way.
  func beginLagPass() {
    guard nextLagLook == nil else { return }
    bytesSinceSweep = 0
    if behindCount > 0 { nextLagLook = 0 }
  }

  /// Closes who is too far behind, as far as `upkeep` reaches.
  ///
  /// - Returns: whether there are more to be looked at.
  private func continueLagPass(_ upkeep: inout Upkeep, now: Instant) -> Bool {
    while let slot = nextLagLook {
      guard behindCount > 0, slot < UInt32(listeners.slots) else { break }
      guard !upkeep.isSpent else { return true }
      nextLagLook = slot + 1
      upkeep.looks -= 1
      looks += 1
      let listener = listeners[slot]
      guard listener.flags.contains(.behind) else { continue }
      if let reason = excess(of: slot, listener, feed(of: listener), now: now) {
        upkeep.closings -= 1
        remove(slot, reason)
      }
    }
    nextLagLook = nil
    return false
  }

  /// Closes listeners where a bound is passed, as far as `budget` reaches; nothing happens in a walk, which
  /// keeps its members.
  ///
  /// - Returns: whether there is more to do: `flush` goes on with it.
  func keepBounds(_ budget: FanOutBudget, _ clock: () -> Instant) -> Bool {
    guard !isWalking,
      nextLagLook != nil || isOverRetention || !passedFeeds.isEmpty || deadlines.count > 0
    else { return false }
    var upkeep = Upkeep(budget)
    let isOver = relieve(&upkeep)
    let isPassing = nextLagLook != nil && continueLagPass(&upkeep, now: clock())
    let isExpiring = deadlines.count > 0 && expire(&upkeep, now: clock())
    return isOver || isPassing || isExpiring
  }

  /// Which limit a listener that is behind has passed.
  ///
  /// One that replays, or has bytes of its own to take, is measured by when it last took any: what it
  /// waits for may be older than its connection.
  private func excess(
    of slot: UInt32, _ listener: Listener, _ feed: Feed, now: Instant
  ) -> CloseReason? {
    let silence = heartbeats.tick * Int(tick &- listener.lastWrite)
    if listener.flags.contains(.replaying) {
      if hasLost(slot, listener, feed) { return .lag }
      return silence > settings.listenerLag ? .slow : nil
    }
    guard let backlog = feed.backlog,
      let oldest = backlog.frame(at: backlog.place(after: listener.cursor))
    else { return silence > settings.listenerLag ? .slow : nil }
    let bytes = backlog.bytes(after: listener.cursor)
    // The message it is reading doesn't count: one larger than the limit can be read too.
    if bytes - UInt64(oldest.size) > UInt64(settings.listenerLagBytes) { return .lag }
    return now - oldest.time > settings.listenerLag ? .slow : nil
  }
}

/// The comment that keeps a silent stream open (WHATWG HTML 9.2.7), ready to be written.
enum Heartbeat {
  static let plain: [UInt8] = Array(":\n\n".utf8)
  static let chunked: [UInt8] = Framing.chunked.frame(plain)
}
