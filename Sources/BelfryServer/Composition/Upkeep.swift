internal import Hub
internal import Limits
internal import Logging
internal import Operations
internal import Reactor

/// What happens by the clock.
final class Upkeep {
  private let ticker: LoopEvent
  private let statistics: Statistics?

  init(
    on loop: EventLoop, _ settings: ServerSettings, hub: Hub, admission: Admission,
    accessLog: AccessLog?, instruments: Instruments, logger: Logger
  ) throws(ReactorError) {
    ticker = try LoopEvent(on: loop, every: hub.tickInterval) {
      let now = ContinuousClock.now
      instruments.lag.tick(now: MonotonicClock.nanoseconds)
      hub.advance(to: now)
      admission.advance(to: now)
      accessLog?.reportLoss()
    }
    if let interval = settings.statisticsInterval {
      statistics = try Statistics(on: loop, every: interval, instruments, logger: logger)
    } else {
      statistics = nil
    }
  }
}
