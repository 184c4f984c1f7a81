internal import Logging
internal import Synchronization

/// What is logged, for all loggers: it may change while the program runs.
final class LogLevel: Sendable {
  private let index: Atomic<Int>

  init(_ level: Logger.Level) { index = Atomic(Self.index(of: level)) }

  var value: Logger.Level {
    get { Logger.Level.allCases[index.load(ordering: .relaxed)] }
    set { index.store(Self.index(of: newValue), ordering: .relaxed) }
  }

  private static func index(of level: Logger.Level) -> Int {
    // Every case stands in `allCases`.
    Logger.Level.allCases.firstIndex(of: level)!
  }
}
