internal import Foundation
internal import TextCoding

/// Reports as one page that needs nothing else: no script, no font, no picture from anywhere.
package struct ReportPage {
  private let reports: [Report]
  private let names: [String]

  /// - Parameter names: what each report is called where there are several.
  package init(_ reports: [Report], names: [String]) {
    self.reports = reports
    self.names = names
  }

  package var html: String {
    let title =
      reports.count == 1
      ? "\(reports[0].scenario.rawValue) on \(names[0])" : "\(reports.count) runs compared"
    var html = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
    html += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
    html += "<title>belfry-bench: \(HTMLText.escape(title))</title>"
    html += "<style>\(Self.style)</style></head>"
    html += "<body><main><header><h1>\(HTMLText.escape(title))</h1>\(subtitle)</header>"
    html += "<ul class=\"verdicts\">\(zip(names, reports).map(verdict).joined())</ul>"
    if reports.count == 1 { html += tiles(reports[0]) }
    html += "<div class=\"charts\">\(charts.map(\.html).joined())</div>"
    html += notes
    html += table
    return html + "<footer>Made by belfry-bench.</footer></main></body></html>\n"
  }

  private var subtitle: String {
    guard let report = reports.first else { return "" }
    let load =
      "\(Text.grouped(report.listeners)) listeners, \(Text.grouped(report.published)) messages of "
      + Self.sizes(report)
    return "<p>\(HTMLText.escape(load)) · \(HTMLText.escape(report.date))</p>"
  }

  static func sizes(_ report: Report) -> String {
    let sizes = report.messageBytes.map { Text.grouped($0) }
    return "\(sizes.first == sizes.last ? sizes[0] : sizes.joined(separator: " to ")) bytes"
  }

  private func verdict(_ name: String, _ report: Report) -> String {
    let mark = report.isClean ? "good" : "bad"
    let who = reports.count > 1 ? "\(name): " : ""
    return "<li class=\"\(mark)\">\(HTMLText.escape(who + report.verdict))</li>"
  }

  private func tiles(_ report: Report) -> String {
    var tiles: [(String, String, String)] = []
    if report.delivered > 0 {
      tiles.append((Text.fixed(report.deliveriesPerSecond, 0), "", "deliveries per second"))
      tiles.append((Text.number(report.latencyMs.p50), "ms", "median latency"))
      tiles.append((Text.number(report.latencyMs.p99), "ms", "latency at 99 %"))
    }
    if let server = report.server {
      if let cost = server.cpuUsPerDelivery {
        tiles.append((Text.fixed(cost, 2), "µs", "server CPU per delivery"))
      }
      tiles.append((Text.fixed(server.bytesPerListener, 0), "B", "server memory per listener"))
    }
    tiles.append((Text.fixed(report.connectPerSecond, 0), "", "streams opened per second"))
    let items = tiles.map { value, unit, name in
      "<li><b>\(value)<small> \(unit)</small></b>\(HTMLText.escape(name))</li>"
    }
    return "<ul class=\"tiles\">\(items.joined())</ul>"
  }

  private var notes: String {
    var items: [String] = []
    for (name, report) in zip(names, reports) {
      let who = reports.count > 1 ? "\(name): " : ""
      items += (report.warnings + report.offenders).map { who + $0 }
    }
    guard !items.isEmpty else { return "" }
    let list = items.map { "<li>\(HTMLText.escape($0))</li>" }.joined()
    return "<section class=\"notes\"><h2>Notes</h2><ul>\(list)</ul></section>"
  }

  // MARK: Charts

  private var charts: [Chart] {
    var charts: [Chart] = []
    if reports.contains(where: { $0.delivered > 0 }) {
      charts += [percentiles, overTime, rates]
    }
    if reports.contains(where: { $0.serverSeries.count > 1 }) { charts.append(memory) }
    return charts
  }

  private func lines(
    _ name: String = "", _ points: (Report) -> [(x: Double, y: Double)]
  ) -> [Chart.Line] {
    zip(names, reports).enumerated().map { index, pair in
      Chart.Line(
        name: reports.count > 1 ? pair.0 : name, color: index, points: points(pair.1))
    }
  }

  private var percentiles: Chart {
    let marks: [(Double, String)] = [
      (50, "50 %"), (90, "90 %"), (99, "99 %"), (99.9, "99.9 %"), (99.99, "99.99 %"),
      (99.999, "99.999 %"),
    ]
    let least = reports.flatMap { $0.percentiles.map(\.percent).filter { $0 < 100 } }.max() ?? 50
    // The very last one of all has no place on this axis; it stands at its end.
    let end = Self.depth(least) + 0.25
    return Chart(
      title: "Latency by percentile",
      subtitle: "From when a message was due to when a listener had it",
      lines: lines("latency") { report in
        report.percentiles.map { (min(Self.depth($0.percent), end), $0.ms) }
      },
      end: end,
      ticks: marks.map { (Self.depth($0.0), $0.1) }.filter { $0.0 <= end },
      axis: "of all deliveries are at least this fast", label: { "\(Text.number($0)) ms" },
      xLabel: { "\(Self.percent($0)) %" })
  }

  /// Where a percentile stands on an axis that gives every nine the same room.
  private static func depth(_ percent: Double) -> Double {
    let rest = 1 - percent / 100
    return rest > 1e-9 ? -log10(rest) : 100
  }

  private static func percent(_ depth: Double) -> String {
    var nines = 0
    while Double(nines + 1) <= depth + 1e-6 { nines += 1 }
    switch nines {
    case 0: return depth < 0.25 ? "0 to 50" : "50 to 90"
    case 1: return "90 to 99"
    case 2: return "99 to 99.9"
    case 3: return "99.9 to 99.99"
    default: return "over 99.99"
    }
  }

  private var duration: Double {
    let ends = reports.map { ($0.series.last?.time ?? 0) + $0.interval }
    return max(ends.max() ?? 1, reports.flatMap { $0.serverSeries.map(\.time) }.max() ?? 0)
  }

  private var overTime: Chart {
    var lines: [Chart.Line] = []
    if reports.count == 1 {
      let series = reports[0].series
      let report = reports[0]
      lines = [
        Chart.Line(
          name: "maximum", color: 3, points: series.map { (report.middle(of: $0), $0.maxMs) }),
        Chart.Line(
          name: "99 %", color: 1, points: series.map { (report.middle(of: $0), $0.p99Ms) }),
        Chart.Line(
          name: "median", color: 0, points: series.map { (report.middle(of: $0), $0.p50Ms) }),
      ]
    } else {
      lines = self.lines { report in report.series.map { (report.middle(of: $0), $0.p99Ms) } }
    }
    return Chart(
      title: reports.count == 1 ? "Latency over time" : "Latency at 99 % over time",
      subtitle: "Of the deliveries in each \(Text.time(reports.map(\.interval).max() ?? 1))",
      lines: lines, end: duration, ticks: Scale.timeTicks(to: duration),
      axis: "since the first message",
      label: { "\(Text.number($0)) ms" }, xLabel: { Text.time($0) })
  }

  private var rates: Chart {
    var lines = self.lines("deliveries") { report in
      report.series.map { (report.middle(of: $0), $0.deliveriesPerSecond) }
    }
    if reports.count == 1 { lines[0].isFilled = true }
    return Chart(
      title: "Deliveries per second", subtitle: "Messages times listeners", lines: lines,
      end: duration, ticks: Scale.timeTicks(to: duration), axis: "since the first message",
      label: { Text.fixed($0, 0) }, xLabel: { Text.time($0) })
  }

  private var memory: Chart {
    Chart(
      title: "Server memory", subtitle: "Resident, without shared files: RssAnon + RssShmem",
      lines: lines("memory") { report in
        report.serverSeries.map { ($0.time, Double($0.rssBytes) / 1_048_576) }
      },
      end: duration, ticks: Scale.timeTicks(to: duration), axis: "since the first message",
      label: { "\(Text.number($0)) MiB" }, xLabel: { Text.time($0) }, beginsAtZero: false)
  }

  // MARK: The table

  private var table: String {
    let rows = Self.rows(reports)
    var html = "<section class=\"table\"><h2>Figures</h2><table>"
    if reports.count > 1 {
      let heads = names.map { "<th scope=\"col\">\(HTMLText.escape($0))</th>" }.joined()
      html += "<thead><tr><td></td>\(heads)</tr></thead>"
    }
    html += "<tbody>"
    for (name, values) in rows {
      let isText = values.allSatisfy { $0.first?.isNumber != true }
      let cells = values.map {
        "<td\(isText ? " class=\"text\"" : "")>\(HTMLText.escape($0))</td>"
      }
      html += "<tr><th scope=\"row\">\(HTMLText.escape(name))</th>\(cells.joined())</tr>"
    }
    return html + "</tbody></table></section>"
  }
}

extension Report {
  /// The middle of an interval, where its figures stand in a chart.
  fileprivate func middle(of moment: Moment) -> Double { moment.time + interval / 2 }
}
