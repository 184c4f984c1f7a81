/// The latencies of one load process's deliveries: over time, and in `slow` by what the slow ones do.
package struct LatencyRecorder: Sendable {
  /// What those that stop reading do.
  package enum Phase: Int, CaseIterable, Sendable {
    case before, during, after
  }

  /// When the first message is due; 0 before that is known.
  package var start: UInt64 = 0
  /// Nil where nobody is slow.
  package var phase: Phase?
  package private(set) var series: TimeSeries
  /// By phase, of those that read.
  package private(set) var phases: [LatencyHistogram] = []
  /// Of those that stop reading.
  package private(set) var slow = LatencyHistogram()
  /// When the last one was recorded; 0 for never.
  package private(set) var last: UInt64 = 0

  /// - Parameter duration: how long the run is expected to take, in seconds.
  package init(duration: Double, hasPhases: Bool) {
    series = TimeSeries(duration: duration)
    guard hasPhases else { return }
    phase = .before
    phases = Array(repeating: LatencyHistogram(), count: Phase.allCases.count)
  }

  /// - Parameter moment: when the delivery came.
  package mutating func record(nanoseconds: UInt64, at moment: UInt64, isSlow: Bool) {
    last = moment
    if let phase {
      guard !isSlow else { return slow.record(nanoseconds: nanoseconds) }
      phases[phase.rawValue].record(nanoseconds: nanoseconds)
    }
    // A process that heard late when it began has nothing to count from.
    let time = start > 0 && moment > start ? moment - start : 0
    series.record(nanoseconds: nanoseconds, at: time)
  }

  package mutating func close() { series.close() }
}
