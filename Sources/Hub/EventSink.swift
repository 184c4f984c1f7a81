/// What takes the bytes of a stream: a socket in production, memory in a test.
///
/// Called through an existential: a call through a table is nothing beside a system call.
package protocol EventSink: AnyObject {
  /// Offers `bytes` to a stream, which takes as many as it can without waiting.
  func write(_ bytes: Span<UInt8>, to handle: StreamHandle) -> WriteResult

  /// Why a stream is lost that the sink's owner has reported as lost.
  func reasonOfLoss(_ handle: StreamHandle) -> CloseReason

  /// A stream has begun not to take what it is offered, or has caught up again. Of the former the
  /// sink's owner reports from now on each time that it has room again, by `Hub.resume(token)`; the hub
  /// watches over it, so that the sink's own limit on it should rest.
  func setBlocked(_ isBlocked: Bool, _ handle: StreamHandle, _ token: StreamToken)

  /// Ends a stream, for `reason`; the handle is not used again.
  func close(_ handle: StreamHandle, _ reason: CloseReason)
}

/// Names one open stream to its sink, by a number that is not negative.
///
/// The hub owns it from `subscribe` until it calls `close`.
package struct StreamHandle: RawRepresentable, Hashable, Sendable {
  package let rawValue: Int32
  package init(rawValue: Int32) { self.rawValue = rawValue }
}

/// How far one write got.
package enum WriteResult: Equatable, Sendable {
  /// So many bytes were taken. Fewer than offered means that the stream is blocked until the sink's
  /// owner calls `Hub.resume`.
  case wrote(Int)
  /// The stream's other end is gone: the hub closes it for this reason.
  case gone(CloseReason)
}

/// Why a stream was ended.
package enum CloseReason: String, CaseIterable, Sendable {
  /// The listener closed its connection or reset it.
  case client
  /// Its oldest unsent byte was older than the lag limit.
  case slow
  /// It was more bytes behind than the lag limit; or it was the slowest, and logs kept too much for slow
  /// listeners.
  case lag
  /// Its network is gone: the kernel gave up retransmitting (TCP_USER_TIMEOUT, keepalive).
  case dead
  /// The server is stopping.
  case drain
  /// Its time was over: what it had shown to be let in holds no longer.
  case expired
  /// Any other error of its socket.
  case error
}

/// Names one stream of a hub for as long as it is open; a late event for a closed one names nobody.
package struct StreamToken: Hashable, Sendable {
  let slot: UInt32
  let generation: UInt32

  /// The token in one word, as an event's user data carries it.
  package var rawValue: UInt64 { UInt64(generation) << 32 | UInt64(slot) }

  package init(rawValue: UInt64) {
    self.init(
      slot: UInt32(truncatingIfNeeded: rawValue), generation: UInt32(rawValue >> 32))
  }

  init(slot: UInt32, generation: UInt32) {
    self.slot = slot
    self.generation = generation
  }
}
