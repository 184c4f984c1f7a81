/// So many in such a time: `5/s` is five in a second, `20/m` twenty in a minute.
///
/// All of them may come at once; from then on one more each `interval`.
package struct Rate: Hashable, Sendable {
  /// The longest period: a bucket that is not full is remembered for that long.
  package static let maximumPeriod = Duration.seconds(3600)
  /// The greatest count.
  package static let maximumCount = 1_000_000

  /// How many may come at once; at least 1.
  package let count: Int
  /// The time in which an empty bucket fills; positive.
  package let period: Duration

  /// Traps outside of 1...`maximumCount`, and of a millisecond to `maximumPeriod`.
  package init(_ count: Int, per period: Duration) {
    precondition(1...Self.maximumCount ~= count)
    precondition(.milliseconds(1)...Self.maximumPeriod ~= period)
    self.count = count
    self.period = period
  }

  /// The time in which one more may come.
  var interval: Duration { period / count }
}
