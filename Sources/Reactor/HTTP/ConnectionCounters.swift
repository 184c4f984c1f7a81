/// Why the server itself ended a connection that was no stream.
package enum ConnectionEnd: String, CaseIterable, Sendable {
  /// More connections were open than may be, and it was the longest in its step.
  case total
  /// The same, of its address.
  case address
  /// Its first request did not begin in time.
  case silent
  /// A request did not arrive completely in time.
  case incomplete
  /// No further request came in time.
  case idle
  /// Its client did not read the answer in time.
  case unread
  /// What it sent is no request, or one that could be read in two ways, or is too large.
  case malformed
}

/// What has become of the connections since the server was made. Totals only rise.
package struct ConnectionCounters: Sendable {
  /// Gauge: open connections that are not streams.
  package internal(set) var open = 0
  /// Connections ever accepted.
  package internal(set) var accepted = 0
  private var ended: [ConnectionEnd: Int] = [:]

  /// Nothing yet.
  package init() {}

  /// Connections that the server ended for `reason`.
  package func ended(_ reason: ConnectionEnd) -> Int { ended[reason] ?? 0 }

  mutating func countEnd(_ reason: ConnectionEnd) { ended[reason, default: 0] += 1 }
}
