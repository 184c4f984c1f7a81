extension Report {
  /// What a reader of the figures must know.
  var remarks: [String] {
    var remarks: [String] = []
    if load.wasBottleneck {
      remarks.append(
        "The load tool, not the server, may have limited these figures: its thread was busy "
          + "\(Text.fixed(load.busy * 100, 0)) % of the time, waited for a core "
          + "\(Text.fixed(load.waiting * 100, 0)) %, and was late for "
          + "\(Text.fixed(load.behind * 100, 0)) % of its reads. Give it more `--processes`, a core of its "
          + "own, or a lower rate.")
    }
    if let slow, slow.othersMoved {
      remarks.append(
        "The other listeners got messages later while some did not read: p99 rose from "
          + "\(Text.number(slow.othersBeforeMs.p99)) to \(Text.number(slow.othersDuringMs.p99)) ms."
      )
    }
    if rate > 0, load.publishDelayMs.p99 > 20, load.publishDelayMs.p99 > latencyMs.p50 / 2 {
      remarks.append(
        "Messages were sent up to \(Text.number(load.publishDelayMs.max)) ms after they were due: all "
          + "\(publishers) publishers were waiting for answers, or the load tool was late.")
    }
    if let own = load.cpuUsPerDelivery, let theirs = server?.cpuUsPerDelivery, own > theirs,
      load.busy > 0.5
    {
      remarks.append(
        "A delivery cost the load tool more CPU time (\(Text.number(own)) µs) than the server "
          + "(\(Text.number(theirs)) µs).")
    }
    if delivered >= 1000, let server, server.cpuSeconds == 0 {
      remarks.append(
        "The processes given by --pid used no CPU time: are they the server's workers?")
    }
    if lost > 0 {
      remarks.append(
        "\(Text.grouped(lost)) streams were lost; the first one: \(firstLoss ?? "unknown").")
    }
    if failedReconnects > 0 {
      remarks.append(
        "\(Text.grouped(failedReconnects)) reconnects failed; the first one: "
          + "\(firstFailedReconnect ?? "unknown").")
    }
    if unknownFields > 0 {
      remarks.append(
        "\(Text.grouped(unknownFields)) event fields had unknown names and were ignored: were they "
          + "damaged?")
    }
    if gaps > 0 {
      remarks.append(
        "The server reported \(Text.grouped(gaps)) gaps; \(Text.grouped(gapped)) messages in them do "
          + "not count as missing.")
    }
    return remarks
  }
}
