internal import BelfryVersion
internal import Hub
internal import TextCoding

/// The server's figures of one moment, as the status page gets them: totals, and the present state of
/// what rises and falls. What happens in a second is the difference between two of them, which the page
/// makes.
struct StatusEvent {
  var figures: Figures
  /// Those of the event before.
  var last: Figures
  /// By the wall clock, in seconds since 1970.
  var time: Double
  /// Since the server was made.
  var uptime: Duration
  /// Processor time that the loop's thread has used.
  var loopTime: Duration

  /// One JSON object. Durations are in milliseconds but for `uptime`, which is in seconds; what is not
  /// known is null.
  var json: String {
    var json = JSONWriter()
    json.object { json in
      json.member("version", Version.text)
      json.member("time", Int(1000 * time))
      json.member("uptime", Self.milliseconds(uptime) / 1000)
      json.member("cpu", Self.milliseconds(loopTime))
      json.member("backplane", figures.backplane.name)
      json.member("up", figures.backplane.isUp)
      json.member("draining", figures.readiness.obstacles.contains(.draining))
      json.member("full", figures.readiness.obstacles.contains(.listeners))
      for row in MetricTable.rows { write(row, &json) }
    }
    return json.text
  }

  private func write(_ row: MetricRow, _ json: inout JSONWriter) {
    switch (row.page, row.reader) {
    case (.value(let name), .number(let read)):
      switch read(figures) {
      case .whole(let number): json.member(name, number)
      case .fraction(let number): json.member(name, number)
      case nil: json.member(name, nil as Int?)
      }
    case (.value(let name), .byReason(let reasons, let read)):
      // `"closed":{"client":3,…}`
      json.member(name) { json in
        for (reason, count) in zip(reasons, read(figures)) { json.member(reason, count) }
      }
    case (.quantiles(let quantiles), .histogram(let read)):
      let histogram = read(figures).since(read(last))
      for (name, share) in quantiles {
        json.member(name, histogram.quantile(share).map(Self.milliseconds))
      }
    default: break
    }
  }

  /// To the microsecond.
  private static func milliseconds(_ duration: Duration) -> Double {
    (duration / .microseconds(1)).rounded() / 1000
  }
}
