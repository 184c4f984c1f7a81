internal import EventStream

/// Ending streams from our side.
extension Hub {
  /// From now on no stream is to be opened; `end` ends those there are.
  ///
  /// - Parameter retry: how long a listener shall wait before it reconnects; asked once for each.
  package func beginEnding(retry: @escaping () -> Duration) {
    assertOnThread()
    isEnding = true
    nextToEnd = 0
    goodbyeRetry = retry
  }

  /// Ends up to `count` more streams properly: each is sent what it still lacks, `retry`, and the end.
  ///
  /// One that is blocked ends when it has taken all that, or when the caller gives up and calls
  /// `removeAll`.
  package func end(_ count: Int) {
    assertOnThread()
    var left = count
    while left > 0, nextToEnd < UInt32(listeners.slots) {
      let slot = nextToEnd
      nextToEnd += 1
      guard listeners[slot].handle != nil else { continue }
      left -= 1
      listeners[slot].flags.insert(.ending)
      if !listeners[slot].flags.contains(.behind) { _ = deliver(slot, feed(of: listeners[slot])) }
    }
    if !isWalking { removeDoomed() }
  }

  /// The last bytes of a stream that has everything: `retry:` and its proper end.
  func sayGoodbye(_ slot: UInt32) {
    if !listeners[slot].flags.contains(.saidGoodbye) {
      listeners[slot].flags.insert(.saidGoodbye)
      var goodbye: [UInt8] = []
      ServerSentEvent(retry: retryAfterEnd(slot)).encode(into: &goodbye)
      let framing = listeners[slot].framing
      send(framing.frame(goodbye) + framing.end, privatelyTo: slot)
    }
    if !listeners[slot].flags.contains(.hasPrivateBytes) { doom(slot, reasonToEnd(slot)) }
  }

  func reasonToEnd(_ slot: UInt32) -> CloseReason {
    listeners[slot].flags.contains(.isExpired) ? .expired : .drain
  }

  /// How long a listener that is ended shall wait before it reconnects.
  private func retryAfterEnd(_ slot: UInt32) -> Duration {
    listeners[slot].flags.contains(.isExpired) ? settings.retry : goodbyeRetry()
  }

  /// Cuts the streams that are left.
  package func removeAll(reason: CloseReason) {
    assertOnThread()
    for slot in 0..<UInt32(listeners.slots) where listeners[slot].handle != nil {
      doom(slot, reason)
    }
    if !isWalking { removeDoomed() }
  }
}
