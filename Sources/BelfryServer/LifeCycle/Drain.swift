/// When a server that stops sends whom away: its listeners evenly over the time it has, so that they
/// come back evenly too, wherever that is.
struct Drain {
  typealias Instant = ContinuousClock.Instant

  /// What is to be done now.
  struct Step: Equatable {
    /// So many more listeners are to be told goodbye.
    var goodbyes = 0
    /// Nobody is left, or the time is over: what is left is cut.
    var isOver = false
  }

  private let start: Instant
  private let time: Duration
  private let listeners: Int
  /// How many were told goodbye.
  private var told = 0

  /// - Parameters:
  ///   - listeners: how many there are.
  ///   - time: how long it may take; with zero it is over at once.
  init(of listeners: Int, over time: Duration, from start: Instant) {
    self.listeners = listeners
    self.time = time
    self.start = start
  }

  /// How often `advance` wants to be called: a burst of those who are due then is a thousandth of
  /// 10 s.
  static let tick = Duration.milliseconds(10)

  /// The first is due at once, each other one an even share of the time later. Whoever leaves by
  /// itself meanwhile makes the drain shorter, and never quicker.
  ///
  /// - Parameters:
  ///   - listeners: how many there still are.
  ///   - connections: how many others are open.
  mutating func advance(to now: Instant, listeners: Int, connections: Int) -> Step {
    let elapsed = now - start
    let isLate = elapsed >= time
    let due = isLate ? self.listeners : Int(Double(self.listeners) * (elapsed / time)) + 1
    var step = Step()
    step.goodbyes = max(0, min(due, self.listeners) - told)
    told += step.goodbyes
    step.isOver = isLate || (listeners == 0 && connections == 0)
    return step
  }
}
