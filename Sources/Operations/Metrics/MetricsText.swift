internal import BelfryVersion
internal import Hub
internal import Limits
internal import Reactor

/// A page of metrics in Prometheus' text format, version 0.0.4.
///
/// Of what is counted by reason every reason stands there from the start, at 0: a rate needs a value before
/// the first one.
///
/// https://prometheus.io/docs/instrumenting/exposition_formats/
struct MetricsText {
  private(set) var text = ""

  init(_ figures: Figures) {
    writeServer(figures)
    writeStreams(figures)
    writeMessages(figures)
    writeConnections(figures)
    writeProcess(figures)
  }

  // MARK: What there is

  private mutating func writeServer(_ figures: Figures) {
    gauge("build_info", "Version of Belfry; the value is always 1.", [("version", Version.text, 1)])
    gauge("ready", "1 if /readyz reports ready, else 0.", figures.readiness.isReady ? 1 : 0)
    gauge(
      "backplane_up", "1 if messages can be published and delivered, else 0.",
      [("backplane", figures.backplane.name, figures.backplane.isUp ? 1 : 0)])
    histogram(
      "loop_lag_seconds",
      "Event loop delay, sampled each millisecond.",
      figures.loopLag)
  }

  private mutating func writeStreams(_ figures: Figures) {
    let hub = figures.hub
    gauge("listeners", "Open streams.", hub.listeners)
    gauge("max_listeners", "Limit on open streams.", figures.maximumListeners)
    gauge("listeners_behind", "Streams with unsent data.", hub.behind)
    counter("streams_opened", "Streams opened.", hub.opened)
    counter("streams_closed", "Streams closed, by reason.", "reason") { hub.closed($0) }
    counter("refused", "Streams and messages refused, by reason.", "reason") {
      figures.admission.refused($0)
    }
    counter("heartbeats", "Heartbeat comments sent to silent streams.", hub.heartbeats)
    counter("gaps", "Gap events sent, by reason.", "reason") { hub.gaps($0) }
  }

  private mutating func writeMessages(_ figures: Figures) {
    let hub = figures.hub
    counter("messages_published", "Messages accepted for delivery.", hub.published)
    counter(
      "messages_without_id", "Messages without an id, received from other programs over Redis.",
      hub.strays)
    counter("messages_delivered", "Messages written completely to a stream.", hub.delivered)
    counter(
      "messages_coalesced", "Delivered messages that shared a write with the previous message.",
      hub.coalesced)
    counter("messages_replayed", "Delivered messages that came from history.", hub.replayed)
    counter(
      "sent_bytes", "Bytes written to streams, including response heads and comments.", hub.bytes)
    counter("writes", "Writes to streams.", hub.writes)
    histogram(
      "publish_to_last_write_seconds",
      "Time from accepting a message to writing it to the last listener that is not behind.",
      hub.publishToLastWrite)
    gauge("rooms", "Rooms in memory.", hub.rooms)
    gauge("max_rooms", "Limit on rooms in memory.", figures.maximumRooms)
    gauge("history_entries", "Messages kept for replay.", hub.historyEntries)
    gauge("history_bytes", "Bytes of the messages kept for replay.", hub.historyBytes)
  }

  private mutating func writeConnections(_ figures: Figures) {
    let connections = figures.admission.connections
    gauge("connections", "Open public connections, not counting streams.", connections.open)
    gauge(
      "max_connections", "Limit on open public connections, not counting streams.",
      figures.maximumConnections)
    counter("connections_accepted", "Public connections accepted.", connections.accepted)
    counter(
      "connections_ended", "Connections closed by the server, not counting streams, by reason.",
      "reason"
    ) { connections.ended($0) }
  }

  /// Under the names that all of Prometheus' client libraries use.
  private mutating func writeProcess(_ figures: Figures) {
    if let startTime = figures.startTime {
      begin(
        "process_start_time_seconds", "gauge",
        "Start time of the process since the Unix epoch in seconds.")
      line("process_start_time_seconds", "\(startTime)")
    }
    guard let process = figures.process else { return }
    let rows: [(name: String, help: String, value: Int)] = [
      ("open_fds", "Number of open file descriptors.", process.openDescriptors),
      ("max_fds", "Limit on open file descriptors.", process.maximumDescriptors),
      ("resident_memory_bytes", "Resident memory size in bytes.", process.residentBytes),
      ("virtual_memory_bytes", "Virtual memory size in bytes.", process.virtualBytes),
    ]
    for row in rows {
      begin("process_\(row.name)", "gauge", row.help)
      line("process_\(row.name)", "\(row.value)")
    }
    begin(
      "process_cpu_seconds_total", "counter", "User and system CPU time of all threads in seconds.")
    line("process_cpu_seconds_total", "\(process.processorTime / .seconds(1))")
  }

  // MARK: How it is written

  private mutating func gauge(_ name: String, _ help: String, _ value: Int) {
    begin("belfry_\(name)", "gauge", help)
    line("belfry_\(name)", "\(value)")
  }

  private mutating func gauge(
    _ name: String, _ help: String, _ rows: [(label: String, value: String, Int)]
  ) {
    begin("belfry_\(name)", "gauge", help)
    for (label, value, number) in rows {
      line("belfry_\(name){\(label)=\"\(value)\"}", "\(number)")
    }
  }

  private mutating func counter(_ name: String, _ help: String, _ value: Int) {
    begin("belfry_\(name)_total", "counter", help)
    line("belfry_\(name)_total", "\(value)")
  }

  /// One series for each case. Reasons are words of ours: nothing in them has to be escaped.
  private mutating func counter<Reason: CaseIterable & RawRepresentable<String>>(
    _ name: String, _ help: String, _ label: String, _ value: (Reason) -> Int
  ) {
    begin("belfry_\(name)_total", "counter", help)
    for reason in Reason.allCases {
      line("belfry_\(name)_total{\(label)=\"\(reason.rawValue)\"}", "\(value(reason))")
    }
  }

  private mutating func histogram(_ name: String, _ help: String, _ histogram: DurationHistogram) {
    let name = "belfry_\(name)"
    begin(name, "histogram", help)
    var count = 0
    for (bound, inBucket) in zip(DurationHistogram.bounds, histogram.counts) {
      count += inBucket
      line("\(name)_bucket{le=\"\(bound / .seconds(1))\"}", "\(count)")
    }
    line("\(name)_bucket{le=\"+Inf\"}", "\(histogram.count)")
    line("\(name)_sum", "\(histogram.sum / .seconds(1))")
    line("\(name)_count", "\(histogram.count)")
  }

  private mutating func begin(_ name: String, _ type: String, _ help: String) {
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
  }

  private mutating func line(_ series: String, _ value: String) { text += "\(series) \(value)\n" }
}
