/// What a hub has done since it was made. Totals only rise; gauges are the present state.
package struct HubCounters: Sendable {
  /// Gauge: open streams.
  package internal(set) var listeners = 0
  /// Gauge: of those, how many did not take all they were offered, or replay more than one visit gives.
  package internal(set) var behind = 0
  /// Gauge: rooms held, with listeners or history.
  package internal(set) var rooms = 0
  /// Gauge: topics held that are no rooms.
  package internal(set) var topics = 0
  /// Gauge: messages kept for replay, over all rooms.
  package internal(set) var historyEntries = 0
  /// Gauge: bytes they take, bookkeeping included.
  package internal(set) var historyBytes = 0
  /// Gauge: bytes that it takes that listeners still need frames: those that history doesn't keep, and a place in
  /// each feed.
  package internal(set) var retainedBytes = 0
  /// Streams ever opened.
  package internal(set) var opened = 0
  /// Messages taken in.
  package internal(set) var published = 0
  /// Lines without a number taken in.
  package internal(set) var strays = 0
  var traffic = Traffic()
  /// From a message's being taken in to its having been written to the last who listens and isn't
  /// behind; one that nobody listens to is not counted.
  package internal(set) var publishToLastWrite = DurationHistogram()
  /// Comments sent to silent streams.
  package internal(set) var heartbeats = 0
  private var closedBy = [Int](repeating: 0, count: CloseReason.allCases.count)
  private var gapsBy = [Int](repeating: 0, count: GapReason.allCases.count)

  /// Messages written to a stream completely, counted per stream.
  package var delivered: Int { traffic.delivered }
  /// Of those, how many rode in a system call with one before them.
  package var coalesced: Int { traffic.coalesced }
  /// Of those delivered, how many were replayed after a Last-Event-ID.
  package var replayed: Int { traffic.replayed }
  /// Bytes written to streams, heads and comments included.
  package var bytes: Int { traffic.bytes }
  /// Writes, successful or not.
  package var writes: Int { traffic.writes }

  /// Streams ended for `reason`.
  package func closed(_ reason: CloseReason) -> Int { closedBy[reason.index] }

  /// `gap` events sent for `reason`.
  package func gaps(_ reason: GapReason) -> Int { gapsBy[reason.index] }

  mutating func countClose(_ reason: CloseReason) { closedBy[reason.index] += 1 }
  mutating func countGap(_ reason: GapReason, times: Int = 1) {
    gapsBy[reason.index] += times
  }
}

extension CaseIterable where Self: Equatable, AllCases.Index == Int {
  // Every case stands in `allCases`.
  fileprivate var index: Int { Self.allCases.firstIndex(of: self)! }
}
