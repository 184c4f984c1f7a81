internal import Events

/// When a heartbeat is due, which asks whether everything is as we think: not while publishes do its
/// work, since one that was answered and one that was heard prove both connections and the history.
struct RedisPulse {
  typealias Instant = ContinuousClock.Instant

  /// A node is believed to live for a while after it said so last; three times in that it does.
  private static let longestSilence = Duration.milliseconds(RedisScripts.nodeLife / 3)

  private let interval: Duration
  private var dueAt: Instant
  private var announceAt: Instant
  // What was proved last.
  private var answered: EventID?
  private var heard: EventID?

  /// - Parameter timeout: an answer that is later counts as none.
  init(timeout: Duration, now: Instant) {
    interval = min(.seconds(1), timeout / 4)
    dueAt = now
    announceAt = now
  }

  /// To be asked several times in an interval.
  ///
  /// - Parameters:
  ///   - answered: the newest id that a publish from here was answered with.
  ///   - heard: the newest id of the present history that was heard of.
  mutating func isDue(answered: EventID?, heard: EventID?, now: Instant) -> Bool {
    if let answered, let heard, answered != self.answered, heard != self.heard,
      answered.epoch == heard.epoch
    {
      self.answered = answered
      self.heard = heard
      dueAt = now + interval
    }
    return now >= dueAt || now >= announceAt
  }

  /// A heartbeat is sent.
  mutating func sent(now: Instant) {
    dueAt = now + interval
    announceAt = now + Self.longestSilence
  }
}
