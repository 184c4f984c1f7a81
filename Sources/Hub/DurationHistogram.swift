/// How often something took how long: a count for each of a row of fixed bounds.
///
/// Neighbouring bounds are at most 1.28 times apart, ten in a decade (the preferred numbers R10 of
/// ISO 3, rounded), so that a quantile read between two of them is that close to the truth at worst.
package struct DurationHistogram: Sendable, Equatable {
  /// From 100 µs to 10 s; what is longer is counted beyond the last.
  package static let bounds: [Duration] = {
    let steps = [100, 125, 160, 200, 250, 315, 400, 500, 630, 800]
    var bounds: [Duration] = []
    var unit = 1
    for _ in 0..<5 {
      bounds += steps.map { .microseconds($0 * unit) }
      unit *= 10
    }
    return bounds + [.seconds(10)]
  }()

  /// How many were at most as long as the bound at the same place and longer than the one before; one
  /// more for what was longer than the last.
  package private(set) var counts = [Int](repeating: 0, count: bounds.count + 1)
  /// Of all together.
  package private(set) var sum = Duration.zero
  /// How many there were.
  package private(set) var count = 0

  package init() {}

  /// Something took `duration`, not negative, `times` times.
  package mutating func observe(_ duration: Duration, times: Int = 1) {
    counts[Self.place(of: duration)] += times
    sum += times == 1 ? duration : duration * times
    count += times
  }

  /// The bounds again: an integer is divided sooner than a duration, which is one of 128 bits.
  private static let nanoseconds = bounds.map { Int64($0 / .nanoseconds(1)) }

  /// Many things took `shortest`, and each a step longer than the one before. Unit: nanoseconds.
  ///
  /// - Parameters:
  ///   - step: positive.
  ///   - times: how many; at least one.
  package mutating func observe(from shortest: Int64, by step: Int64, times: Int) {
    var counted = 0
    for (place, bound) in Self.nanoseconds.enumerated() where bound >= shortest {
      let within = min(Int((bound - shortest) / step) + 1, times)
      counts[place] += within - counted
      counted = within
      if counted == times { break }
    }
    counts[Self.nanoseconds.count] += times - counted
    sum += .nanoseconds(shortest) * times
    // A process that was stopped for a month comes to more of them than 64 bits can square.
    if times > 1 { sum += .nanoseconds(step) * (Int128(times) * Int128(times - 1) / 2) }
    count += times
  }

  /// The first bound that is not shorter.
  static func place(of duration: Duration) -> Int {
    if duration <= bounds[0] { return 0 }
    var (low, high) = (1, bounds.count)
    while low < high {
      let middle = (low + high) / 2
      if bounds[middle] < duration { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// What was counted since `earlier`, which this one was once.
  package func since(_ earlier: DurationHistogram) -> DurationHistogram {
    var difference = self
    for place in counts.indices { difference.counts[place] -= earlier.counts[place] }
    difference.sum -= earlier.sum
    difference.count -= earlier.count
    return difference
  }

  /// The time that a share of `share`, from 0 to 1, were not longer than, as Prometheus' `histogram_quantile`
  /// reckons it; nil when there were none. Beyond the last bound it is that bound.
  package func quantile(_ share: Double) -> Duration? {
    guard count > 0 else { return nil }
    let rank = share * Double(count)
    var below = 0
    for (place, bound) in Self.bounds.enumerated() where counts[place] > 0 {
      if Double(below + counts[place]) >= rank {
        let floor = place == 0 ? .zero : Self.bounds[place - 1]
        return floor + (bound - floor) * max(0, (rank - Double(below)) / Double(counts[place]))
      }
      below += counts[place]
    }
    return Self.bounds[Self.bounds.count - 1]
  }
}
