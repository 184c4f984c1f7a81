internal import BelfryVersion
internal import Hub
internal import Limits
internal import Reactor

/// All metrics.
package enum MetricTable {
  /// In the order of `/metrics`.
  package static let rows = server + streams + messages + connections + process

  private static let server: [MetricRow] = [
    .gauge("belfry_build_info", "Version of Belfry; the value is always 1.", label: "version") {
      _ in
      (Version.text, 1)
    },
    .gauge("belfry_ready", "1 if /readyz reports ready, else 0.") { $0.readiness.isReady ? 1 : 0 },
    .gauge(
      "belfry_backplane_up", "1 if messages can be published and delivered, else 0.",
      label: "backplane"
    ) { ($0.backplane.name, $0.backplane.isUp ? 1 : 0) },
    .histogram(
      "belfry_loop_lag_seconds", "Event loop delay, sampled each millisecond.",
      page: .quantiles([("lag", 1)])
    ) { $0.loopLag },
  ]

  private static let streams: [MetricRow] = [
    .gauge("belfry_listeners", "Open streams.", page: "listeners", log: "listeners") {
      $0.hub.listeners
    },
    .gauge("belfry_max_listeners", "Limit on open streams.") { $0.maximumListeners },
    .gauge("belfry_listeners_behind", "Streams with unsent data.", page: "behind") {
      $0.hub.behind
    },
    .counter("belfry_streams_opened_total", "Streams opened.", page: "opened") { $0.hub.opened },
    .counter(
      "belfry_streams_closed_total", "Streams closed, by reason.", by: CloseReason.self,
      page: "closed", log: "closed"
    ) { $0.hub.closed($1) },
    .counter(
      "belfry_refused_total", "Streams and messages refused, by reason.", by: RefusalReason.self,
      page: "refused", log: .ifAny("refused")
    ) { $0.admission.refused($1) },
    .counter(
      "belfry_heartbeats_total", "Heartbeat comments sent to silent streams.", log: "heartbeats"
    ) { $0.hub.heartbeats },
    .counter("belfry_gaps_total", "Gap events sent, by reason.", by: GapReason.self, page: "gaps") {
      $0.hub.gaps($1)
    },
  ]

  private static let messages: [MetricRow] = [
    .counter(
      "belfry_messages_published_total", "Messages accepted for delivery.", page: "published",
      log: "published"
    ) { $0.hub.published },
    .counter(
      "belfry_messages_without_id_total",
      "Messages without an id, received from other programs over Redis.", page: "withoutId"
    ) { $0.hub.strays },
    .counter(
      "belfry_messages_delivered_total", "Messages written completely to a stream.",
      page: "delivered", log: "delivered"
    ) { $0.hub.delivered },
    .counter(
      "belfry_messages_coalesced_total",
      "Delivered messages that shared a write with the previous message.", page: "coalesced",
      log: "coalesced"
    ) { $0.hub.coalesced },
    .counter(
      "belfry_messages_replayed_total", "Delivered messages that came from history."
    ) { $0.hub.replayed },
    .counter(
      "belfry_sent_bytes_total", in: .bytes,
      "Bytes written to streams, including response heads and comments.", page: "bytes",
      log: "bytes"
    ) { $0.hub.bytes },
    .counter("belfry_writes_total", "Writes to streams.") { $0.hub.writes },
    .histogram(
      "belfry_publish_to_last_write_seconds",
      "Time from accepting a message to writing it to the last listener that is not behind.",
      page: .quantiles([("p50", 0.5), ("p99", 0.99)])
    ) { $0.hub.publishToLastWrite },
    .gauge("belfry_rooms", "Rooms in memory.", page: "rooms") { $0.hub.rooms },
    .gauge("belfry_max_rooms", "Limit on rooms in memory.", page: "roomLimit") { $0.maximumRooms },
    .gauge("belfry_history_entries", "Messages kept for replay.", page: "messages") {
      $0.hub.historyEntries
    },
    .gauge(
      "belfry_history_bytes", in: .bytes, "Bytes of the messages kept for replay.", page: "history"
    ) { $0.hub.historyBytes },
    .gauge(
      "belfry_retained_bytes", in: .bytes,
      "Bytes of messages that are no longer in history but that slow listeners still need."
    ) { $0.hub.retainedBytes },
  ]

  private static let connections: [MetricRow] = [
    .gauge(
      "belfry_connections", "Open public connections, not counting streams.", page: "connections",
      log: "connections"
    ) { $0.admission.connections.open },
    .gauge(
      "belfry_max_connections", "Limit on open public connections, not counting streams."
    ) { $0.maximumConnections },
    .counter(
      "belfry_connections_accepted_total", "Public connections accepted.", page: "accepted"
    ) { $0.admission.connections.accepted },
    .counter(
      "belfry_connections_ended_total",
      "Connections closed by the server, not counting streams, by reason.", by: ConnectionEnd.self,
      page: "ended", log: .ifAny("ended")
    ) { $0.admission.connections.ended($1) },
  ]

  /// Under the names that all of Prometheus' client libraries use.
  private static let process: [MetricRow] = [
    .seconds(
      "process_start_time_seconds", .gauge,
      "Start time of the process since the Unix epoch in seconds."
    ) { $0.startTime },
    .gauge("process_open_fds", "Number of open file descriptors.", page: "descriptors") {
      $0.process?.openDescriptors
    },
    .gauge("process_max_fds", "Limit on open file descriptors.", page: "descriptorLimit") {
      $0.process?.maximumDescriptors
    },
    .gauge(
      "process_resident_memory_bytes", in: .bytes, "Resident memory size in bytes.", page: "memory"
    ) { $0.process?.residentBytes },
    .gauge("process_virtual_memory_bytes", in: .bytes, "Virtual memory size in bytes.") {
      $0.process?.virtualBytes
    },
    .seconds(
      "process_cpu_seconds_total", .counter, "User and system CPU time of all threads in seconds."
    ) { $0.process.map { $0.processorTime / .seconds(1) } },
  ]
}
