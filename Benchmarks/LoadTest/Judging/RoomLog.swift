internal import Reactor

/// The order in which a room's messages came, as its listeners should all see it, and what each looks
/// like on the wire.
///
/// The first listener that gets a message decodes it; what it received is kept, and for all others one
/// comparison tells that they were sent the same.
package struct RoomLog: Sendable {
  /// One message of the log.
  package struct Entry: Sendable {
    /// Which publisher's, and which one of its messages to this room.
    package let publisher: Int32
    package let number: Int32
    /// When it was due, in nanoseconds of `MonotonicClock`.
    package let due: UInt64
    /// When it was published.
    let sent: UInt64
    /// When the last listener so far got it.
    package var last: UInt64
    /// Where its bytes stand in `wire`, from the log's very first byte on; empty while unknown.
    var wire: Range<Int>
    /// The id that a listener has after it.
    var eventID: String
    /// Whether the message brought that id.
    var namesID: Bool
  }

  /// Bytes of messages that all rooms together keep for comparing; a listener that is further behind is
  /// decoded.
  package static let maximumWireBytes = 64 << 20

  package private(set) var entries: [Entry] = []
  private var wire: [UInt8] = []
  /// How many bytes in front of `wire` were dropped.
  private var dropped = 0

  /// How many bytes this room keeps.
  private let limit: Int

  /// - Parameter rooms: how many logs share `maximumWireBytes`; nil for one that keeps nothing to compare.
  package init(rooms: Int?) { limit = rooms.map { Self.maximumWireBytes / max(1, $0) } ?? 0 }

  /// Adds a message to the end of the order; returns its position.
  mutating func append(
    publisher: Int, number: Int, due: UInt64, sent: UInt64, eventID: String, namesID: Bool
  ) -> Int {
    entries.append(
      Entry(
        publisher: Int32(publisher), number: Int32(number), due: due, sent: sent, last: 0,
        wire: 0..<0, eventID: eventID, namesID: namesID))
    return entries.count - 1
  }

  /// Keeps what the message at `position` looks like, if that is not known yet.
  mutating func learn(_ bytes: Span<UInt8>, at position: Int) {
    guard limit > 0, entries[position].wire.isEmpty, !bytes.isEmpty else { return }
    if wire.count + bytes.count > limit {
      dropped += wire.count / 2
      wire.removeFirst(wire.count / 2)
    }
    let start = dropped + wire.count
    for index in bytes.indices { wire.append(bytes[index]) }
    entries[position].wire = start..<start + bytes.count
  }

  /// How many of `bytes`, from `start` on, are just what the message at `position` looks like; 0 when
  /// they are not, or that is unknown.
  func matchLength(_ bytes: Span<UInt8>, from start: Int, at position: Int) -> Int {
    guard position < entries.count else { return 0 }
    let range = entries[position].wire
    guard !range.isEmpty, range.lowerBound >= dropped else { return 0 }
    let place = range.lowerBound - dropped..<range.upperBound - dropped
    return bytes.matches(wire, place, from: start) ? range.count : 0
  }

  /// Whether a message was sent with another id than to the first one that got it. Where ids don't come
  /// with messages, a listener's own is nobody else's.
  func hasOtherID(at position: Int, _ eventID: String, _ namesID: Bool) -> Bool {
    (namesID || entries[position].namesID) && entries[position].eventID != eventID
  }

  /// The order of all its messages.
  var order: MessageOrder {
    var order = MessageOrder()
    for entry in entries { order.append(publisher: entry.publisher, number: entry.number) }
    return order
  }

  mutating func noteDelivery(at position: Int, moment: UInt64) {
    if entries[position].last < moment { entries[position].last = moment }
  }
}
