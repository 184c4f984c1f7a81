/// What some streams have and most don't: a moment at which they end, and whom they belong to. Both are kept beside
/// the listener's record, so that the others cost nothing more.
extension Hub {
  /// Whom a stream belongs to, as its `subscribe` said; nil when that said nothing, or the stream is gone.
  package func identity(of token: StreamToken) -> StreamIdentity? {
    assertOnThread()
    return listeners.slot(of: token).flatMap { identities[$0] }
  }

  func setDeadline(_ deadline: Instant, of token: StreamToken) {
    if deadlines.count > 2 * listeners.count + 16 {
      deadlines.filter { [listeners] in listeners.slot(of: $1) != nil }
    }
    deadlines.push(token, at: nanoseconds(deadline))
  }

  /// Ends the streams whose time is over, as far as `upkeep` reaches. One that is not behind is sent what it lacks,
  /// `retry:` and the proper end; another is cut, since what comes later is not for it.
  ///
  /// - Returns: whether there are more.
  func expire(_ upkeep: inout Upkeep, now: Instant) -> Bool {
    let moment = nanoseconds(now)
    while let (deadline, token) = deadlines.first, deadline <= moment {
      guard !upkeep.isSpent else { return true }
      deadlines.pop()
      upkeep.looks -= 1
      guard let slot = listeners.slot(of: token) else { continue }
      upkeep.closings -= 1
      if listeners[slot].flags.contains(.behind) {
        remove(slot, .expired)
      } else {
        listeners[slot].flags.insert([.ending, .isExpired])
        _ = deliver(slot, feed(of: listeners[slot]))
        removeDoomed()
      }
    }
    return false
  }

  /// Since the hub was made; 0 for what was before.
  private func nanoseconds(_ moment: Instant) -> UInt64 {
    let since = max(.zero, moment - start)
    let (seconds, attoseconds) = since.components
    return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
  }
}

/// Whom a stream belongs to: a text that means nothing to the hub.
package struct StreamIdentity: Hashable, Sendable {
  package let text: String
  package init(_ text: String) { self.text = text }
}
