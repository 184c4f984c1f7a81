package import Logging
package import Reactor

/// A line of counters every so often, for who has no Prometheus.
package final class Statistics {
  private let instruments: Instruments
  private let logger: Logger
  private var last: Figures
  private var timer: LoopEvent?

  /// - Parameter interval: between two lines.
  package init(
    on loop: EventLoop, every interval: Duration, _ instruments: Instruments, logger: Logger
  ) throws(ReactorError) {
    self.instruments = instruments
    self.logger = logger
    last = instruments.read()
    timer = try LoopEvent(on: loop, every: interval) { [unowned self] in report() }
  }

  private func report() {
    let figures = instruments.read()
    let line = StatisticsLine(from: last, to: figures)
    var facts = Logger.Metadata(uniqueKeysWithValues: line.facts.map { ($0, "\($1)") })
    // The longest turn, which the histogram knows by its bounds alone.
    facts["loop-lag-ms"] = "\(Int(instruments.lag.takeLongest() / .milliseconds(1)))"
    logger.notice("statistics", metadata: facts)
    last = figures
  }
}
