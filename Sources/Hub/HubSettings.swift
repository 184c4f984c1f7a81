/// The bounds of a hub.
package struct HubSettings: Sendable {
  /// Messages kept for replay in each room; 0 keeps none.
  package var historyCount = 1000
  /// How long a message is kept for replay.
  package var historyAge = Duration.seconds(3600)
  /// Bytes kept for replay over all rooms, bookkeeping included.
  package var historyBytes = 64 << 20
  /// How many rooms are held at once.
  package var maximumRooms = 10_000
  /// How many topics that are no rooms are held at once.
  package var maximumTopics = 100_000
  /// Bytes of their names.
  package var topicNameBytes = 16 << 20
  /// Whether listeners may follow more topics than they name: then all messages are held in one order, too.
  package var hasPatterns = false
  /// A stream that was silent this long is sent a comment; zero sends none.
  package var heartbeat = Duration.seconds(15)
  /// The `retry:` that each stream begins with: how long a browser waits before it reconnects.
  package var retry = Duration.seconds(2)
  /// A stream is closed when its oldest unsent byte is older than this.
  package var listenerLag = Duration.seconds(30)
  /// A stream is closed when it is more than this many bytes behind.
  package var listenerLagBytes = 4 << 20
  /// Bytes of messages that history no longer keeps and that slow listeners still need, over all rooms,
  /// bookkeeping included: with more, the slowest listeners are closed. As much as history, or 16
  /// listeners in rooms of their own that are as far behind as they may be.
  package var retainedBytes = 64 << 20

  package init() {}
}

/// How much of a fan-out is done before the loop turns to other work.
package struct FanOutBudget: Sendable {
  /// Streams written to.
  package var streams = 1000
  /// Time spent.
  package var time = Duration.milliseconds(2)
  /// Listeners that the walk passes by; and as many looked at to keep the bounds on lag and memory.
  package var looks = 2000
  /// Listeners closed to keep them.
  package var closings = 32

  package init() {}
}
