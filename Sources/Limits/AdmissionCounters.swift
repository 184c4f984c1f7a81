package import Reactor

/// Why a request for a stream, or a message, was refused.
package enum RefusalReason: String, CaseIterable, Sendable {
  /// As many listeners are here as may be.
  case listeners
  /// As many of this address are.
  case listenersOfAddress = "listeners-address"
  /// As many rooms are held as may be.
  case rooms
  /// There was no descriptor for the stream.
  case descriptors
  /// The server is stopping.
  case stopping
  /// The backplane could not serve the room.
  case backplane
  /// The address posts too fast, or has used up its share of keys.
  case postsOfAddress = "posts-address"
  /// The signed-in name does.
  case postsOfName = "posts-name"
  /// The address creates rooms too fast, with streams or messages.
  case newNames = "new-names"
  /// The backplane did not take the message.
  case publish
}

/// Who was not let in, and which connections were ended. Totals only rise.
///
/// Why streams ended is told by the hub's counters.
package struct AdmissionCounters: Sendable {
  /// Connections that are no streams.
  package var connections = ConnectionCounters()
  private var refusals: [RefusalReason: Int] = [:]

  /// Nothing yet.
  package init() {}

  /// Requests refused for `reason`.
  package func refused(_ reason: RefusalReason) -> Int { refusals[reason] ?? 0 }

  /// One more was refused for `reason`.
  package mutating func count(_ reason: RefusalReason) { refusals[reason, default: 0] += 1 }
}
