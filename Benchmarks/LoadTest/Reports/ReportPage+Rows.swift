/// The rows of the table of figures.
extension ReportPage {
  /// Those that say something of at least one report.
  static func rows(_ reports: [Report]) -> [(String, [String])] {
    (results + resources + circumstances).compactMap { name, text in
      let values = reports.map(text)
      return values.allSatisfy(\.isEmpty) ? nil : (name, values)
    }
  }

  /// A row's name, and its text for a report; empty where that has nothing to say.
  private typealias Row = (String, @Sendable (Report) -> String)

  private static let results: [Row] = [
    ("listeners", { $0.openedText }),
    ("publishers, rooms", { "\($0.publishers), \($0.rooms)" }),
    ("message", { sizes($0) }),
    ("messages published", { Text.grouped($0.published) }),
    ("delivered", { Text.grouped($0.delivered) }),
    ("missing", { Text.grouped($0.missing) }),
    ("duplicated", { Text.grouped($0.duplicated) }),
    ("reordered", { Text.grouped($0.reordered) }),
    ("corrupted", { Text.grouped($0.corrupted) }),
    ("foreign", { $0.foreign.map { Text.grouped($0) } ?? "" }),
    ("streams lost", { Text.grouped($0.lost) }),
    ("deliveries per second", { Text.fixed($0.deliveriesPerSecond, 0) }),
    ("latency: p50 · p90 · p99 · p99.9 · max", { marks($0.latencyMs) }),
    ("to the last listener", { marks($0.lastListenerMs) }),
    ("publishing", { marks($0.publishLatencyMs) }),
    ("streams opened per second", { Text.fixed($0.connectPerSecond, 0) }),
    ("opening a stream", { marks($0.connectLatencyMs) }),
    ("reconnecting", { marks($0.reconnectLatencyMs) }),
    ("others before the pause", { marks($0.slow?.othersBeforeMs) }),
    ("others during the pause", { marks($0.slow?.othersDuringMs) }),
    ("others after the pause", { marks($0.slow?.othersAfterMs) }),
    ("listeners that paused", { marks($0.slow?.slowMs) }),
    ("own rooms", { $0.ownRooms?.text ?? "" }),
    ("failed reconnects", { $0.failedReconnects > 0 ? Text.grouped($0.failedReconnects) : "" }),
  ]

  private static let resources: [Row] = [
    ("server CPU per delivery", { microseconds($0.server?.cpuUsPerDelivery) }),
    (
      "server CPU, share of a core",
      { $0.server.map { "\(Text.fixed($0.cpuShare * 100, 1)) %" } ?? "" }
    ),
    (
      "server memory per listener",
      { $0.server.map { "\(Text.fixed($0.bytesPerListener, 0)) B" } ?? "" }
    ),
    (
      "the same after the messages",
      { $0.server?.bytesPerListenerAfter.map { "\(Text.fixed($0, 0)) B" } ?? "" }
    ),
    ("memory growth", { memoryGrowth($0) }),
    ("server memory before, with all streams, after", { memory($0) }),
    ("load tool CPU per delivery", { microseconds($0.load.cpuUsPerDelivery) }),
    ("load tool, busiest thread", { busiestThread($0.load) }),
  ]

  private static let circumstances: [Row] = [
    ("machine", { $0.machine.summary }),
    (
      "limits",
      { "\(Text.grouped($0.machine.descriptors)) descriptors, ports \($0.machine.ports)" }
    ),
    ("load average before", { Text.number($0.machine.loadAverage) }),
    ("Server header", { $0.serverName ?? "" }),
    ("belfry-bench", { "version \($0.version), \($0.compiler)" }),
    ("command", { $0.command }),
  ]

  private static func marks(_ latency: Report.Latency?) -> String {
    latency.map { latency in
      ["p50", "p90", "p99", "p99.9", "max"].map { Text.number(latency.value(of: $0)) }
        .joined(separator: " · ") + " ms"
    } ?? ""
  }

  private static func microseconds(_ time: Double?) -> String {
    time.map { "\(Text.fixed($0, 2)) µs" } ?? ""
  }

  private static func memoryGrowth(_ report: Report) -> String {
    guard let server = report.server, report.serverSeries.count > 1 else { return "" }
    return "\(Text.bytes(server.rssSlopeBytesPerHour)) per hour"
  }

  private static func memory(_ report: Report) -> String {
    report.server.map { server in
      [server.rssBeforeBytes, server.rssHoldingBytes, server.rssAfterBytes]
        .map { Text.bytes(Double($0)) }.joined(separator: ", ")
    } ?? ""
  }

  private static func busiestThread(_ load: Report.Load) -> String {
    "\(Text.fixed(load.busy * 100, 0)) % busy, waited for a core "
      + "\(Text.fixed(load.waiting * 100, 0)) %, late for "
      + "\(Text.fixed(load.behind * 100, 0)) % of its reads"
  }
}
