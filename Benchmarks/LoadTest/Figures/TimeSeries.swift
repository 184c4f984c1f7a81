/// Latencies by the second they were measured in; over a long run by longer intervals, so that there
/// are never more than some 600.
package struct TimeSeries: Codable, Sendable {
  /// One interval that has come to its end.
  package struct Point: Codable, Sendable {
    /// Which one, from 0.
    package let index: Int
    /// A `LatencyHistogram`'s code: as text it is a hundredth of its size.
    let code: String

    /// What was measured in it.
    package var latency: LatencyHistogram {
      // Always one of ours, checked where it was read.
      LatencyHistogram(code: code) ?? LatencyHistogram()
    }
  }

  /// Seconds of each interval, a whole number.
  package let interval: Double
  /// Only those in which something was measured, in order.
  package private(set) var points: [Point] = []
  private var current = LatencyHistogram()
  private var index = 0
  /// When the interval being filled ends, in nanoseconds.
  private var end: UInt64
  /// All of them together, without the one being filled.
  private var finished = LatencyHistogram()

  /// - Parameter duration: how long the run is expected to take, in seconds.
  package init(duration: Double) {
    interval = max(1, (duration / 600).rounded(.up))
    end = UInt64(interval * 1e9)
  }

  /// Everything that was recorded.
  package var total: LatencyHistogram {
    var all = finished
    all += current
    return all
  }

  /// - Parameter time: nanoseconds since the load began; never less than before.
  package mutating func record(nanoseconds: UInt64, at time: UInt64) {
    if time >= end { advance(to: time) }
    current.record(nanoseconds: nanoseconds)
  }

  private mutating func advance(to time: UInt64) {
    close()
    let length = UInt64(interval) * 1_000_000_000
    index = Int(time / length)
    end = UInt64(index + 1) * length
  }

  /// Ends the interval being filled.
  package mutating func close() {
    guard current.count > 0 else { return }
    points.append(Point(index: index, code: current.code))
    finished += current
    current.reset()
  }

  /// Adds what another process measured in the same seconds.
  package static func += (left: inout TimeSeries, right: TimeSeries) {
    var right = right
    left.close()
    right.close()
    var byIndex = Dictionary(left.points.map { ($0.index, $0) }, uniquingKeysWith: { $1 })
    for point in right.points {
      guard let mine = byIndex[point.index] else {
        byIndex[point.index] = point
        continue
      }
      var both = mine.latency
      both += point.latency
      byIndex[point.index] = Point(index: point.index, code: both.code)
    }
    left.points = byIndex.values.sorted { $0.index < $1.index }
    left.finished += right.finished
  }

  private enum CodingKeys: String, CodingKey { case interval, points }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    interval = try container.decode(Double.self, forKey: .interval)
    end = UInt64(interval * 1e9)
    points = try container.decode([Point].self, forKey: .points)
    for point in points {
      guard let latency = LatencyHistogram(code: point.code) else {
        throw DecodingError.dataCorruptedError(
          forKey: .points, in: container, debugDescription: "this is not a histogram")
      }
      finished += latency
    }
  }
}
