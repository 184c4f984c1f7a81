/// Where the access log is, and in which words.
package struct AccessLogSettings: Hashable, Sendable {
  /// The file's path; `-` is standard output.
  package var path: String
  /// How its lines are written.
  package var format: AccessLogFormat

  /// - Parameter path: `-` is standard output.
  package init(path: String, format: AccessLogFormat) {
    self.path = path
    self.format = format
  }
}

/// How a line of the access log is written.
package enum AccessLogFormat: String, CaseIterable, Sendable {
  /// nginx's and Apache's «combined», which most programs that read access logs understand, with the
  /// time that it took and the reason of a stream's end behind it.
  case combined
  /// One JSON object a line.
  case json
}
