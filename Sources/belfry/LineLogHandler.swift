internal import Logging
internal import Reactor

/// Turns log events into lines: `2026-11-23T20:00:00Z info message key=value`.
struct LineLogHandler: LogHandler {
  let writer: LineWriter
  let level: LogLevel
  /// The level that one logger was given for itself.
  private var ownLevel: Logger.Level?
  var metadata: Logger.Metadata = [:]

  init(writer: LineWriter, level: LogLevel) {
    self.writer = writer
    self.level = level
  }

  var logLevel: Logger.Level {
    get { ownLevel ?? level.value }
    set { ownLevel = newValue }
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let facts = metadata.merging(event.metadata ?? [:]) { $1 }
    let tail = facts.sorted { $0.key < $1.key }.map { " \($0.key)=\(quoted("\($0.value)"))" }
    writer.write("\(WallClock.timestamp) \(event.level) \(event.message)\(tail.joined())")
  }

  /// A value with blanks or control characters stands in quotes, so that a line stays a line.
  private func quoted(_ value: String) -> String {
    let isPlain = value.unicodeScalars.allSatisfy {
      $0.value > 0x20 && $0 != "\"" && $0.value != 0x7F
    }
    return isPlain && !value.isEmpty ? value : String(reflecting: value)
  }
}
