internal import Reactor

/// When a link to Redis is to be tried, and when it is to be given up.
struct RedisLinkSchedule {
  enum Due: Equatable {
    case nothing
    case connect
    case fail(reason: String)
  }

  typealias Instant = ContinuousClock.Instant

  /// How often `due` wants to be asked.
  static let tick = Duration.milliseconds(100)

  private enum State {
    case waiting(until: Instant)
    case connecting(since: Instant)
    case up
  }

  private let timeout: Duration
  private var state: State
  private var backoff = Backoff()
  /// When the markers were asked for that have not been heard, oldest first.
  private var markers = Queue<Instant>()

  /// - Parameter timeout: an answer that is later counts as none.
  init(timeout: Duration, now: Instant) {
    self.timeout = timeout
    state = .waiting(until: now)
  }

  /// - Parameter oldest: when the oldest command was sent that has no answer.
  mutating func due(now: Instant, unanswered oldest: Instant? = nil) -> Due {
    switch state {
    case .waiting(let end):
      guard now >= end else { return .nothing }
      state = .connecting(since: now)
      return .connect
    case .connecting(let start):
      return now - start > timeout ? .fail(reason: "no connection within \(timeout)") : .nothing
    case .up:
      if let oldest, now - oldest > timeout {
        return .fail(reason: "no answer within \(timeout)")
      }
      if let oldest = markers.first, now - oldest > timeout {
        return .fail(reason: "no data on the subscribing connection within \(timeout)")
      }
      return .nothing
    }
  }

  /// Both connections are there.
  mutating func connected() { state = .up }

  /// They were of use, so a failure from now on is a new one.
  mutating func proved() { backoff.succeeded() }

  mutating func failed(now: Instant) {
    var generator = SystemRandomNumberGenerator()
    state = .waiting(until: now + backoff.next(using: &generator))
    markers.removeAll()
  }

  mutating func sentMarker(now: Instant) { markers.append(now) }
  mutating func heardMarker() { _ = markers.popFirst() }
}
