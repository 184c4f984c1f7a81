/// How the deliveries of a run came out.
package struct Tally: Codable, Equatable, Sendable {
  /// Messages that a listener got whole, each counted once, late ones too.
  package var delivered = 0
  /// Messages that a listener should have got and did not, neither whole nor damaged.
  package var missing = 0
  /// Messages that a listener had already.
  package var duplicated = 0
  /// Messages that came after one that should have followed them.
  package var reordered = 0
  /// Events whose text is no message as it was published.
  package var corrupted = 0
  /// Messages of a room that the listener does not follow.
  package var foreign = 0
  /// Messages of another run, from the server's history.
  package var stale = 0
  /// `gap` events: the server said itself that something is missing.
  package var gaps = 0
  /// Messages that such an event excused.
  package var gapped = 0

  package init() {}

  /// Whether nothing is missing, duplicated, reordered, corrupted or foreign.
  package var isClean: Bool {
    missing == 0 && duplicated == 0 && reordered == 0 && corrupted == 0 && foreign == 0
  }

  package static func += (left: inout Tally, right: Tally) {
    left.delivered += right.delivered
    left.missing += right.missing
    left.duplicated += right.duplicated
    left.reordered += right.reordered
    left.corrupted += right.corrupted
    left.foreign += right.foreign
    left.stale += right.stale
    left.gaps += right.gaps
    left.gapped += right.gapped
  }
}
