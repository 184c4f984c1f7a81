import Foundation
import LoadTest
import TestSupport
import Testing

@Suite struct LatencyHistogramTests {
  @Test func `percentiles are in milliseconds, and the greatest is itself`() {
    var histogram = LatencyHistogram()
    for value in 1...1000 { histogram.record(nanoseconds: UInt64(value) * 1_000_000) }
    #expect(abs(histogram.milliseconds(atPercentile: 50) - 500) < 1)
    #expect(abs(histogram.milliseconds(atPercentile: 99) - 990) < 1)
    #expect(abs(histogram.maximumMilliseconds - 1000) < 1)
    #expect(histogram.milliseconds(atPercentile: 100) <= histogram.maximumMilliseconds)
    #expect(LatencyHistogram().milliseconds(atPercentile: 99) == 0)
  }

  @Test func `what takes longer than a day is counted as a day`() {
    var histogram = LatencyHistogram()
    histogram.record(nanoseconds: .max)
    #expect(histogram.count == 1)
    #expect(histogram.maximumMilliseconds >= 86_400_000)
  }

  @Test(arguments: 0..<10)
  func `its code brings back the same, and codes of parts add up`(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    var whole = LatencyHistogram()
    var parts = [LatencyHistogram(), LatencyHistogram()]
    for index in 0..<2000 {
      let value = UInt64.random(
        in: 0..<1 << UInt64.random(in: 1...44, using: &random), using: &random)
      whole.record(nanoseconds: value)
      parts[index % 2].record(nanoseconds: value)
    }
    var sum = try #require(LatencyHistogram(code: parts[0].code))
    sum += try #require(LatencyHistogram(code: parts[1].code))
    #expect(sum.count == 2000 && sum.code == whole.code)
    for percent in [0, 50, 90, 99, 99.9, 100] {
      #expect(
        sum.milliseconds(atPercentile: percent) == whole.milliseconds(atPercentile: percent))
    }
  }

  @Test(arguments: ["x", "1", "1:", ":1", "-1:1", "1:-1", "1:1:1", "99999999999999999999:1"])
  func `what is no code is refused`(code: String) {
    #expect(LatencyHistogram(code: code) == nil)
  }
}

@Suite struct TimeSeriesTests {
  @Test func `each value is counted in its second, and all of them together`() {
    var series = TimeSeries(duration: 10)
    for (value, time) in [(1, 0.0), (2, 0.5), (3, 1.2), (4, 7.9)] {
      series.record(nanoseconds: UInt64(value) * 1_000_000, at: UInt64(time * 1e9))
    }
    #expect(series.total.count == 4)
    series.close()
    #expect(series.points.map(\.index) == [0, 1, 7])
    #expect(series.points.map(\.latency.count) == [2, 1, 1])
    #expect(series.total.count == 4)
  }

  @Test func `a long run has longer intervals`() {
    var series = TimeSeries(duration: 3600)
    #expect(series.interval == 6)
    series.record(nanoseconds: 1, at: 5_900_000_000)
    series.record(nanoseconds: 1, at: 6_100_000_000)
    series.close()
    #expect(series.points.map(\.index) == [0, 1])
  }

  @Test func `processes' series merge second by second, also through JSON`() throws {
    var one = TimeSeries(duration: 10)
    var two = TimeSeries(duration: 10)
    for time in [0, 1, 5] { one.record(nanoseconds: 5_000_000, at: UInt64(time) * 1_000_000_000) }
    for time in [1, 2] { two.record(nanoseconds: 9_000_000, at: UInt64(time) * 1_000_000_000) }
    two.close()
    let carried = try JSONDecoder().decode(TimeSeries.self, from: JSONEncoder().encode(two))
    one += carried
    #expect(one.points.map(\.index) == [0, 1, 2, 5])
    #expect(one.points.map(\.latency.count) == [1, 2, 1, 1])
    #expect(one.total.count == 5 && one.total.maximumMilliseconds == 9)
  }
}
