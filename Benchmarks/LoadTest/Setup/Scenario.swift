/// What a load does beside publishing.
package enum Scenario: String, CaseIterable, Codable, Sendable {
  /// Messages to listeners that stay.
  case fanout
  /// Publishers that send the next message as soon as the last is answered.
  case burst
  /// All listeners drop and come back at once, with their last ids.
  case connectStorm = "connect-storm"
  /// Some listeners stop reading for the middle third.
  case slow
  /// Listeners leave and others join throughout.
  case churn
  /// Nobody says anything.
  case idle
  /// A long run with few messages: does memory stay?
  case soak
}

/// What happens to the listeners at a moment of the run.
package struct TimelineStep: Codable, Equatable, Sendable {
  /// What is done.
  package enum Action: String, Codable, Sendable {
    /// Every listener drops its stream and resumes it.
    case storm
    /// The slow ones stop reading.
    case pause
    /// They read again.
    case resume
    /// Some leave, and as many come.
    case churn
  }

  /// Seconds after the first message is due.
  package let time: Double
  package let action: Action
  /// How many listeners, of this process.
  package let count: Int
}

extension Scenario {
  /// Whether a listener whose stream ends comes back with its last id, as a browser does.
  package var reconnects: Bool {
    switch self {
    case .connectStorm, .slow, .churn, .soak: true
    case .fanout, .burst, .idle: false
    }
  }

  /// Whether a gap that the server tells of is no offence: only for those who asked for it.
  package var excusesGaps: Bool { self == .slow }

  /// Whether messages are published.
  package var publishes: Bool { self != .idle }

  /// What happens when.
  ///
  /// - Parameter duration: how long messages are published, in seconds.
  /// - Parameter listeners: those of this process.
  /// - Parameter share: of them, the slow ones; or those that leave in a second.
  package func timeline(duration: Double, listeners: Int, share: Double) -> [TimelineStep] {
    let some = max(1, Int((Double(listeners) * share).rounded()))
    switch self {
    case .fanout, .burst, .idle, .soak: return []
    case .connectStorm:
      return [TimelineStep(time: duration * 0.4, action: .storm, count: listeners)]
    case .slow:
      return [
        TimelineStep(time: duration / 3, action: .pause, count: some),
        TimelineStep(time: duration * 2 / 3, action: .resume, count: some),
      ]
    case .churn:
      // Every 100 ms a tenth of a second's share, and the rest that rounding leaves carried on.
      var steps: [TimelineStep] = []
      var owed = 0.0
      for tick in 1..<max(2, Int(duration * 10)) {
        owed += Double(listeners) * share / 10
        guard owed >= 1 else { continue }
        steps.append(
          TimelineStep(time: Double(tick) / 10, action: .churn, count: Int(owed)))
        owed -= owed.rounded(.down)
      }
      return steps
    }
  }
}
