/// How a run goes just now.
package struct LiveLook: Sendable {
  package var progress: Progress
  package var listeners: Int
  /// Seconds since the first message was due.
  package var elapsed: Double
  /// How long publishing is to take, in seconds.
  package var expected: Double
  package var hasStarted: Bool
  /// Seconds since streams were first opened.
  package var total: Double

  package init(
    progress: Progress, listeners: Int, elapsed: Double, expected: Double, hasStarted: Bool,
    total: Double
  ) {
    self.progress = progress
    self.listeners = listeners
    self.elapsed = elapsed
    self.expected = expected
    self.hasStarted = hasStarted
    self.total = total
  }
}

/// One line that says how a run goes: five times a second over itself on a terminal, every 10 s
/// elsewhere.
package struct LiveLine {
  private let isTerminal: Bool
  private var last: (elapsed: Double, delivered: Int) = (0, 0)
  private var rate = 0.0
  private var lastPrinted = 0.0
  private var hasPrinted = false

  package init(isTerminal: Bool) { self.isTerminal = isTerminal }

  /// What is to be written for this look; nil for nothing.
  package mutating func text(_ look: LiveLook) -> String? {
    let passed = look.elapsed - last.elapsed
    if passed >= 0.9 || look.elapsed == 0 {
      rate = passed > 0 ? Double(look.progress.delivered - last.delivered) / passed : 0
      last = (look.elapsed, look.progress.delivered)
    }
    if !isTerminal {
      guard look.total - lastPrinted >= 10 else { return nil }
      lastPrinted = look.total
      return line(look) + "\n"
    }
    hasPrinted = true
    return "\r\u{1B}[2K" + line(look)
  }

  /// What takes the line away.
  package var end: String { isTerminal && hasPrinted ? "\r\u{1B}[2K" : "" }

  private func line(_ look: LiveLook) -> String {
    let progress = look.progress
    guard look.hasStarted else {
      return "opening \(Text.grouped(progress.open)) of \(Text.grouped(look.listeners)) streams"
    }
    let left = look.expected - look.elapsed
    let wrong = progress.wrong > 0 ? ", \(Text.grouped(progress.wrong)) WRONG" : ""
    return "\(Text.grouped(progress.open)) listeners, \(Text.grouped(Int(rate))) deliveries/s, "
      + "p99 \(Text.number(progress.p99)) ms\(wrong), \(Text.time(look.elapsed)) elapsed, "
      + (left > 0 ? "\(Text.time(left)) left" : "waiting for the last messages")
  }
}
