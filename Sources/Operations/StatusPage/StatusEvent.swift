internal import BelfryVersion
internal import Hub
internal import Limits
internal import Reactor
internal import TextCoding

/// The server's figures of one moment, as the status page gets them: totals, and the present state of
/// what rises and falls. What happens in a second is the difference between two of them, which the page
/// makes.
struct StatusEvent {
  var figures: Figures
  /// By the wall clock, in seconds since 1970.
  var time: Double
  /// Since the server was made.
  var uptime: Duration
  /// Processor time that the loop's thread has used.
  var loopTime: Duration
  /// How late the loop came to things in the time since the event before.
  var lag: DurationHistogram
  /// How long messages of that time took to their last listener.
  var publishing: DurationHistogram

  /// One JSON object. Durations are in milliseconds but for `uptime`, which is in seconds; what is not
  /// known is null.
  var json: String {
    let (hub, connections) = (figures.hub, figures.admission.connections)
    let process = figures.process
    var json = JSONWriter()
    json.object { json in
      json.member("version", Version.text)
      json.member("time", Int(1000 * time))
      json.member("uptime", Self.milliseconds(uptime) / 1000)
      json.member("backplane", figures.backplane.name)
      json.member("up", figures.backplane.isUp)
      json.member("draining", figures.readiness.obstacles.contains(.draining))
      json.member("full", figures.readiness.obstacles.contains(.listeners))
      json.member("listeners", hub.listeners)
      json.member("behind", hub.behind)
      json.member("opened", hub.opened)
      json.member("published", hub.published + hub.strays)
      json.member("delivered", hub.delivered)
      json.member("coalesced", hub.coalesced)
      json.member("bytes", hub.bytes)
      json.member("rooms", hub.rooms)
      json.member("roomLimit", figures.maximumRooms)
      json.member("messages", hub.historyEntries)
      json.member("history", hub.historyBytes)
      json.member("connections", connections.open)
      json.member("accepted", connections.accepted)
      json.member("lag", lag.quantile(1).map(Self.milliseconds))
      json.member("p50", publishing.quantile(0.5).map(Self.milliseconds))
      json.member("p99", publishing.quantile(0.99).map(Self.milliseconds))
      json.member("memory", process?.residentBytes)
      json.member("descriptors", process?.openDescriptors)
      json.member("descriptorLimit", process?.maximumDescriptors)
      json.member("cpu", Self.milliseconds(loopTime))
      Self.ledger("closed", CloseReason.self, hub.closed, &json)
      Self.ledger("refused", RefusalReason.self, figures.admission.refused, &json)
      Self.ledger("ended", ConnectionEnd.self, connections.ended, &json)
      Self.ledger("gaps", GapReason.self, hub.gaps, &json)
    }
    return json.text
  }

  /// How often each reason occurred: `"closed":{"client":3,…}`.
  private static func ledger<Reason: CaseIterable & RawRepresentable<String>>(
    _ name: String, _: Reason.Type, _ count: (Reason) -> Int, _ json: inout JSONWriter
  ) {
    json.member(name) { json in
      for reason in Reason.allCases { json.member(reason.rawValue, count(reason)) }
    }
  }

  /// To the microsecond.
  private static func milliseconds(_ duration: Duration) -> Double {
    (duration / .microseconds(1)).rounded() / 1000
  }
}
