/// Says when which message is due. No clock of its own: time is handed in, in nanoseconds.
///
/// With a rate, the times stand from the beginning, so a server (or a publisher) that stalls makes the
/// messages behind it late instead of fewer. Without one, a message is due when its publisher is free.
package struct PublishSchedule: Sendable {
  private let start: UInt64
  private let rate: Double
  private let limit: Int
  private let end: UInt64
  /// How many were taken so far.
  package private(set) var taken = 0

  /// - Parameter rate: messages per second; 0 for as fast as publishers are free.
  /// - Parameter messages: how many at most; nil for all that are due before `duration` is over.
  /// - Parameter duration: seconds; not looked at when `messages` says how many.
  package init(start: UInt64, rate: Double, messages: Int?, duration: Double) {
    self.start = start
    self.rate = rate
    limit = messages ?? .max
    end = messages == nil ? start &+ UInt64(duration * 1e9) : .max
  }

  /// When the next message is due; nil when there is none any more.
  package func nextDue(now: UInt64) -> UInt64? {
    guard taken < limit else { return nil }
    let due = rate > 0 ? start + UInt64(Double(taken) * 1e9 / rate) : max(now, start)
    return due < end ? due : nil
  }

  /// Takes the next message if it is due; the time it was due.
  package mutating func take(now: UInt64) -> UInt64? {
    guard let due = nextDue(now: now), due <= now else { return nil }
    taken += 1
    return due
  }
}
