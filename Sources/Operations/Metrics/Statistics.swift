internal import Hub
internal import Limits
package import Logging
package import Reactor

/// A line of counters every so often, for who has no Prometheus.
package final class Statistics {
  private let instruments: Instruments
  private let logger: Logger
  private var last: HubCounters
  private var lastAdmission: AdmissionCounters
  private var timer: Event?

  /// - Parameter interval: between two lines.
  package init(
    on loop: EventLoop, every interval: Duration, _ instruments: Instruments, logger: Logger
  ) throws(ReactorError) {
    self.instruments = instruments
    self.logger = logger
    let figures = instruments.read()
    last = figures.hub
    lastAdmission = figures.admission
    timer = try Event(on: loop, every: interval) { [unowned self] in report() }
  }

  /// Totals since the last line, and the present number of listeners and connections. What was refused
  /// is told only where there was any.
  private func report() {
    let figures = instruments.read()
    let (now, admission) = (figures.hub, figures.admission)
    var facts: Logger.Metadata = [
      "listeners": "\(now.listeners)",
      "published": "\(now.published - last.published)",
      "delivered": "\(now.delivered - last.delivered)",
      "coalesced": "\(now.coalesced - last.coalesced)",
      "bytes": "\(now.bytes - last.bytes)",
      "heartbeats": "\(now.heartbeats - last.heartbeats)",
      "connections": "\(admission.connections.open)",
      "loop-lag-ms": "\(Int(instruments.lag.takeLongest() / .milliseconds(1)))",
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
