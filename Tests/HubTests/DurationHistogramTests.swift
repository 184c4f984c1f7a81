import TestSupport
import Testing

@testable import Hub

@Suite struct DurationHistogramTests {
  @Test func `bounds rise, each less than a third above the one before`() {
    let bounds = DurationHistogram.bounds
    #expect(bounds.first == .microseconds(100) && bounds.last == .seconds(10))
    for (low, high) in zip(bounds, bounds.dropFirst()) {
      #expect(low < high && high / low < 1.281)
    }
  }

  @Test func `a bound belongs to what it bounds`() {
    var histogram = DurationHistogram()
    histogram.observe(.microseconds(100))
    histogram.observe(.microseconds(100) + .nanoseconds(1), times: 2)
    histogram.observe(.zero)
    histogram.observe(.seconds(10))
    histogram.observe(.seconds(11))
    #expect(histogram.counts[0] == 2 && histogram.counts[1] == 2)
    #expect(histogram.counts.suffix(2) == [1, 1])
    #expect(histogram.count == 6 && histogram.counts.reduce(0, +) == 6)
    #expect(histogram.sum == .seconds(21) + .microseconds(300) + .nanoseconds(2))
  }

  @Test func `what was counted since an earlier time is told from all`() {
    var histogram = DurationHistogram()
    histogram.observe(.milliseconds(1), times: 5)
    let earlier = histogram
    histogram.observe(.milliseconds(1))
    histogram.observe(.seconds(2), times: 3)
    var since = DurationHistogram()
    since.observe(.milliseconds(1))
    since.observe(.seconds(2), times: 3)
    #expect(histogram.since(earlier) == since)
    #expect(earlier.since(earlier) == DurationHistogram())
    #expect(earlier.since(earlier).quantile(0.5) == nil)
  }

  @Test func `a row of durations is counted as each of them would be`() {
    var random = SplitMix64(seed: 7)
    for _ in 0..<200 {
      let first = Int64.random(in: 0...3_000_000, using: &random)
      let step = Int64.random(in: 1...2_000_000, using: &random)
      let times = Int.random(in: 1...20_000, using: &random)
      var (row, single) = (DurationHistogram(), DurationHistogram())
      row.observe(from: first, by: step, times: times)
      for place in 0..<times { single.observe(.nanoseconds(first + step * Int64(place))) }
      #expect(row == single)
    }
  }

  @Test func `quantiles are as near as the bounds are`() {
    var random = SplitMix64(seed: 9)
    for scale in [0.3, 2, 40, 900] {
      var histogram = DurationHistogram()
      var all: [Duration] = []
      for _ in 0..<5000 {
        // Of many lengths, few of them long.
        let unit = Double.random(in: 0.001...1, using: &random)
        let duration = Duration.milliseconds(1) * (scale / unit.squareRoot())
        histogram.observe(duration)
        all.append(duration)
      }
      all.sort()
      for share in [0.1, 0.5, 0.9, 0.99] {
        let exact = all[Int(Double(all.count) * share) - 1]
        let ratio = histogram.quantile(share)! / exact
        #expect(0.8...1.2 ~= ratio, "\(share) of \(scale): \(ratio)")
      }
    }
    #expect(DurationHistogram().quantile(0.5) == nil)
  }
}
