internal import Hub

/// A page of metrics in Prometheus' text format, version 0.0.4.
///
/// https://prometheus.io/docs/instrumenting/exposition_formats/
struct MetricsText {
  private(set) var text = ""

  init(_ figures: Figures) {
    for row in MetricTable.rows { write(row, figures) }
  }

  /// Reasons are words of ours: nothing in them has to be escaped.
  private mutating func write(_ row: MetricRow, _ figures: Figures) {
    switch row.reader {
    case .number(let read):
      guard let number = read(figures) else { return }
      begin(row)
      line(row.name, "\(number)")
    case .labelled(let label, let read):
      begin(row)
      let (value, number) = read(figures)
      line("\(row.name){\(label)=\"\(value)\"}", "\(number)")
    case .byReason(let reasons, let read):
      begin(row)
      for (reason, count) in zip(reasons, read(figures)) {
        line("\(row.name){reason=\"\(reason)\"}", "\(count)")
      }
    case .histogram(let read):
      begin(row)
      write(read(figures), named: row.name)
    }
  }

  private mutating func write(_ histogram: DurationHistogram, named name: String) {
    var count = 0
    for (bound, inBucket) in zip(DurationHistogram.bounds, histogram.counts) {
      count += inBucket
      line("\(name)_bucket{le=\"\(bound / .seconds(1))\"}", "\(count)")
    }
    line("\(name)_bucket{le=\"+Inf\"}", "\(histogram.count)")
    line("\(name)_sum", "\(histogram.sum / .seconds(1))")
    line("\(name)_count", "\(histogram.count)")
  }

  private mutating func begin(_ row: MetricRow) {
    text += "# HELP \(row.name) \(row.help)\n# TYPE \(row.name) \(row.kind.rawValue)\n"
  }

  private mutating func line(_ series: String, _ value: String) { text += "\(series) \(value)\n" }
}
