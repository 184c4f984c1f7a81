extension Report {
  /// The report as a short table for a terminal.
  package var text: String {
    var rows: [(String, String)] = []
    rows.append(("listeners", openedText))
    rows.append(
      (
        "connecting",
        "\(Text.fixed(connectPerSecond, 0)) per second, \(Self.line(connectLatencyMs, "p50", "p99"))"
      ))
    if scenario.publishes {
      rows.append(
        ("published", "\(Text.grouped(published)), \(Self.line(publishLatencyMs, "p50", "p99"))"))
    }
    rows.append(("delivered", Text.grouped(delivered)))
    rows.append(("missing", Text.grouped(missing)))
    rows.append(("duplicated", Text.grouped(duplicated)))
    rows.append(("reordered", Text.grouped(reordered)))
    rows.append(("corrupted", Text.grouped(corrupted)))
    if let foreign { rows.append(("foreign", Text.grouped(foreign))) }
    if delivered > 0 {
      rows.append(
        (
          "deliveries",
          "\(Text.fixed(deliveriesPerSecond, 0)) per second in \(Text.number(seconds)) s, "
            + Text.bytes(Double(bytes))
        ))
      rows.append(("latency", Self.line(latencyMs, "p50", "p90", "p99", "p99.9", "max")))
      rows.append(
        ("to the last listener", Self.line(lastListenerMs, "p50", "p90", "p99", "max")))
    }
    if let reconnect = reconnectLatencyMs {
      let storm = stormSeconds.map { ", all back after \(Text.number($0)) s" } ?? ""
      rows.append(
        (
          "reconnected",
          "\(Text.grouped(reconnects)), \(Self.line(reconnect, "p50", "p99"))" + storm
        ))
    }
    if let slow {
      rows.append(("others, before", Self.line(slow.othersBeforeMs, "p50", "p99", "max")))
      rows.append(("others, during", Self.line(slow.othersDuringMs, "p50", "p99", "max")))
      rows.append(("others, after", Self.line(slow.othersAfterMs, "p50", "p99", "max")))
      rows.append(("listeners that paused", Self.line(slow.slowMs, "p50", "max")))
    }
    if let ownRooms { rows.append(("own rooms", ownRooms.text)) }
    if comments > 0 { rows.append(("comments", Text.grouped(comments))) }
    rows += serverRows
    let own = load.cpuUsPerDelivery.map { "\(Text.fixed($0, 2)) µs per delivery, " } ?? ""
    rows.append(
      (
        "load tool",
        "\(own)busiest of \(load.processes) \(Text.fixed(load.busy * 100, 0)) % busy, late for "
          + "\(Text.fixed(load.behind * 100, 0)) % of its reads"
      ))
    let width = rows.map(\.0.count).max() ?? 0
    var text = "\(scenario.rawValue) on \(target), \(address)\n\n"
    for (name, value) in rows { text += "  \(Text.left(name, width))  \(value)\n" }
    for warning in warnings { text += "\nwarning: \(warning)\n" }
    if !offenders.isEmpty { text += "\nfirst errors:\n" }
    for offender in offenders { text += "  \(offender)\n" }
    text += "\n\(verdict)\n"
    return text
  }

  /// How many streams were opened, of how many; more where listeners come and go.
  var openedText: String {
    opened > listeners
      ? "\(Text.grouped(opened)) opened, \(Text.grouped(listeners)) at a time"
      : "\(Text.grouped(opened)) opened of \(Text.grouped(listeners))"
  }

  private var serverRows: [(String, String)] {
    guard let server else { return [] }
    var rows: [(String, String)] = []
    let cost = server.cpuUsPerDelivery.map { "\(Text.fixed($0, 2)) µs per delivery, " } ?? ""
    rows.append(
      (
        "server CPU",
        "\(cost)\(Text.fixed(server.cpuShare * 100, 1)) % of a core, "
          + "\(Text.fixed(server.cpuUsPerOpen, 0)) µs per stream opened"
      ))
    rows.append(
      (
        "server memory",
        "\(Text.fixed(server.bytesPerListener, 0)) B per listener\(afterText(server)) ("
          + "\(Text.bytes(Double(server.rssBeforeBytes))) before, "
          + "\(Text.bytes(Double(server.rssHoldingBytes))) with all streams, "
          + "\(Text.bytes(Double(server.rssAfterBytes))) after)"
      ))
    if scenario == .soak || scenario == .idle {
      let sign = server.rssSlopeBytesPerHour < 0 ? "" : "+"
      rows.append(
        ("memory growth", "\(sign)\(Text.bytes(server.rssSlopeBytesPerHour)) per hour"))
    }
    return rows
  }

  /// Memory per listener after the messages; nothing where there were none.
  private func afterText(_ server: Server) -> String {
    guard delivered > 0, let bytes = server.bytesPerListenerAfter else { return "" }
    return ", \(Text.fixed(bytes, 0)) B after the messages"
  }

  /// What it all comes to, in one sentence.
  package var verdict: String {
    if let failure { return "FAILED: \(failure)" }
    guard isClean else {
      let faults = [
        (missing, "missing"), (duplicated, "duplicated"), (reordered, "reordered"),
        (corrupted, "corrupted"), (foreign ?? 0, "foreign"),
        (isHeld ? 0 : lost, "streams lost"),
      ].filter { $0.0 > 0 }.map { "\(Text.grouped($0.0)) \($0.1)" }
      return "FAILED: " + faults.joined(separator: ", ")
    }
    return scenario.publishes
      ? "OK: every listener got every message once, whole and in order" : "OK"
  }

  static func line(_ latency: Latency, _ marks: String...) -> String {
    marks.map { "\(Text.number(latency.value(of: $0))) ms \($0)" }.joined(separator: ", ")
  }
}

extension Report.OwnRooms {
  /// In a few words.
  var text: String {
    "\(Text.grouped(published)) more messages, one to each own room and some to \(sharedRoom): "
      + "\(Text.grouped(delivered)) delivered, \(Report.line(latencyMs, "p50", "p99", "max"))"
  }
}

extension Report.Latency {
  /// By the name a reader knows: `p50`, `p90`, `p99`, `p99.9`, `max`.
  func value(of mark: String) -> Double {
    switch mark {
    case "p50": p50
    case "p90": p90
    case "p99": p99
    case "p99.9": p999
    default: max
    }
  }
}
