/// What a line of counters says: gauges as they are, and what was added to counters since the last line.
struct StatisticsLine {
  /// Each key once.
  private(set) var facts: [(key: String, number: Int)] = []

  /// - Parameter last: what the last line was made of.
  init(from last: Figures, to figures: Figures) {
    for row in MetricTable.rows {
      guard let log = row.log else { continue }
      for (end, number) in Self.numbers(row, from: last, to: figures) {
        switch log {
        case .always(let key): facts.append((key + end, number))
        case .ifAny(let key): if number != 0 { facts.append((key + end, number)) }
        }
      }
    }
  }

  /// The numbers of a metric, each with what its reason adds to the key.
  private static func numbers(
    _ row: MetricRow, from last: Figures, to figures: Figures
  ) -> [(end: String, number: Int)] {
    switch row.reader {
    case .number(let read):
      guard case .whole(let now) = read(figures) else { return [] }
      guard row.kind == .counter, case .whole(let before) = read(last) else { return [("", now)] }
      return [("", now - before)]
    case .byReason(let reasons, let read):
      return zip(reasons, zip(read(figures), read(last))).map { ("-\($0)", $1.0 - $1.1) }
    case .labelled, .histogram:
      return []
    }
  }
}
