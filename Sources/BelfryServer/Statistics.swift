internal import Hub
internal import Logging
internal import Reactor

/// A line of counters every so often, until there are metrics.
final class Statistics {
  private let hub: Hub
  private let admission: () -> AdmissionCounters
  private let lag: LoopLag
  private let logger: Logger
  private var last: HubCounters
  private var lastAdmission: AdmissionCounters
  private var timer: Event?

  init(
    on loop: EventLoop, every interval: Duration, hub: Hub,
    admission: @escaping () -> AdmissionCounters, lag: LoopLag, logger: Logger
  ) throws(ReactorError) {
    self.hub = hub
    self.admission = admission
    self.lag = lag
    self.logger = logger
    last = hub.counters
    lastAdmission = admission()
    timer = try Event(on: loop, every: interval) { [unowned self] in report() }
  }

  /// Totals since the last line, and the present number of listeners and connections. What was refused
  /// is told only where there was any.
  private func report() {
    let now = hub.counters
    let admission = admission()
    var facts: Logger.Metadata = [
      "listeners": "\(now.listeners)",
      "published": "\(now.published - last.published)",
      "delivered": "\(now.delivered - last.delivered)",
      "coalesced": "\(now.coalesced - last.coalesced)",
      "bytes": "\(now.bytes - last.bytes)",
      "heartbeats": "\(now.heartbeats - last.heartbeats)",
      "connections": "\(admission.connections.open)",
      "loop-lag-ms": "\(Int(lag.takeLongest() / .milliseconds(1)))",
    ]
    for reason in CloseReason.allCases {
      facts["closed-\(reason.rawValue)"] = "\(now.closed(reason) - last.closed(reason))"
    }
    for reason in RefusalReason.allCases {
      let count = admission.refused(reason) - lastAdmission.refused(reason)
      if count > 0 { facts["refused-\(reason.rawValue)"] = "\(count)" }
    }
    for reason in ConnectionEnd.allCases {
      let (new, old) = (admission.connections, lastAdmission.connections)
      let count = new.ended(reason) - old.ended(reason)
      if count > 0 { facts["ended-\(reason.rawValue)"] = "\(count)" }
    }
    logger.notice("statistics", metadata: facts)
    last = now
    lastAdmission = admission
  }
}

/// How late the loop came to what was due: the longest since it was last asked.
final class LoopLag {
  private let interval: Duration
  private var due: ContinuousClock.Instant
  private var longest = Duration.zero

  /// - Parameter interval: between two calls of `tick`, were the loop never late.
  init(interval: Duration, now: ContinuousClock.Instant) {
    self.interval = interval
    due = now + interval
  }

  func tick(now: ContinuousClock.Instant) {
    longest = max(longest, now - due)
    due = now + interval
  }

  func takeLongest() -> Duration {
    defer { longest = .zero }
    return longest
  }
}
