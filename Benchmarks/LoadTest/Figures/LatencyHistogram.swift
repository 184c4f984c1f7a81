internal import Histogram

/// Latencies in whole microseconds, kept to three digits, 0 to a day.
package struct LatencyHistogram: Sendable {
  /// A day; what takes longer counts as a day.
  private static let highest: UInt64 = 86_400_000_000

  private var histogram = Histogram<UInt64>(
    highestTrackableValue: highest, numberOfSignificantValueDigits: .three)

  package init() {}

  package var count: Int { Int(histogram.totalCount) }

  /// - Parameter nanoseconds: rounded down to microseconds.
  package mutating func record(nanoseconds: UInt64) {
    histogram.record(min(nanoseconds / 1000, Self.highest))
  }

  package static func += (left: inout LatencyHistogram, right: LatencyHistogram) {
    left.histogram.add(right.histogram)
  }

  package mutating func reset() { histogram.reset() }

  /// Milliseconds that `percent` of all don't exceed; 0 when there are none.
  package func milliseconds(atPercentile percent: Double) -> Double {
    guard count > 0 else { return 0 }
    return Double(min(histogram.valueAtPercentile(percent), histogram.maxRecorded)) / 1000
  }

  /// The greatest, in milliseconds.
  package var maximumMilliseconds: Double { count == 0 ? 0 : Double(histogram.maxRecorded) / 1000 }

  // MARK: As text

  /// How often each value was recorded: `value:count` for the first, then how much greater the next is,
  /// separated by blanks. The greatest is exact, the others as exact as they were kept. Small: 1,000
  /// different latencies take some 6 KB.
  package var code: String {
    var last: UInt64 = 0
    var parts: [String] = []
    for step in histogram.recordedValues() {
      let value = min(step.value, histogram.maxRecorded)
      parts.append("\(value - last):\(step.count)")
      last = value
    }
    return parts.joined(separator: " ")
  }

  /// Fails for what `code` never is.
  package init?(code: String) {
    var value: UInt64 = 0
    for part in code.split(separator: " ") {
      let numbers = part.split(separator: ":", omittingEmptySubsequences: false)
      guard numbers.count == 2, let step = UInt64(numbers[0]), let count = UInt64(numbers[1]),
        step <= Self.highest, value + step <= 2 * Self.highest
      else { return nil }
      value += step
      histogram.record(min(value, Self.highest), count: count)
    }
  }
}

extension LatencyHistogram: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let histogram = LatencyHistogram(code: try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "this is not a histogram")
    }
    self = histogram
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(code)
  }
}
