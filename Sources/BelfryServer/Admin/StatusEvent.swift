internal import BelfryVersion
internal import Hub
internal import Limits
internal import Reactor

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
  /// known is null. Names of reasons consist of characters that JSON needs no escapes for.
  var json: String {
    let (hub, connections) = (figures.hub, figures.admission.connections)
    let process = figures.process
    return "{"
      + [
        #""version":"\#(Version.text)""#, #""time":\#(Int64(1000 * time))"#,
        #""uptime":\#(Self.milliseconds(uptime) / 1000)"#,
        #""backplane":"\#(figures.backplane.name)""#, #""up":\#(figures.backplane.isUp)"#,
        #""draining":\#(figures.readiness.obstacles.contains(.draining))"#,
        #""full":\#(figures.readiness.obstacles.contains(.listeners))"#,
        #""listeners":\#(hub.listeners)"#, #""behind":\#(hub.behind)"#, #""opened":\#(hub.opened)"#,
        #""published":\#(hub.published + hub.strays)"#, #""delivered":\#(hub.delivered)"#,
        #""coalesced":\#(hub.coalesced)"#, #""bytes":\#(hub.bytes)"#, #""rooms":\#(hub.rooms)"#,
        #""roomLimit":\#(figures.maximumRooms)"#, #""messages":\#(hub.historyEntries)"#,
        #""history":\#(hub.historyBytes)"#, #""connections":\#(connections.open)"#,
        #""accepted":\#(connections.accepted)"#, #""lag":\#(Self.milliseconds(lag.quantile(1)))"#,
        #""p50":\#(Self.milliseconds(publishing.quantile(0.5)))"#,
        #""p99":\#(Self.milliseconds(publishing.quantile(0.99)))"#,
        #""memory":\#(Self.text(process?.residentBytes))"#,
        #""descriptors":\#(Self.text(process?.openDescriptors))"#,
        #""descriptorLimit":\#(Self.text(process?.maximumDescriptors))"#,
        #""cpu":\#(Self.milliseconds(loopTime))"#,
        Self.ledger("closed", CloseReason.self, hub.closed),
        Self.ledger("refused", RefusalReason.self, figures.admission.refused),
        Self.ledger("ended", ConnectionEnd.self, connections.ended),
        Self.ledger("gaps", GapReason.self, hub.gaps),
      ].joined(separator: ",") + "}"
  }

  /// How often each reason occurred: `"closed":{"client":3,…}`.
  private static func ledger<Reason: CaseIterable & RawRepresentable<String>>(
    _ name: String, _: Reason.Type, _ count: (Reason) -> Int
  ) -> String {
    let members = Reason.allCases.map { #""\#($0.rawValue)":\#(count($0))"# }
    return #""\#(name)":{\#(members.joined(separator: ","))}"#
  }

  private static func text(_ number: Int?) -> String { number.map { "\($0)" } ?? "null" }

  private static func milliseconds(_ duration: Duration?) -> String {
    duration.map { "\(milliseconds($0))" } ?? "null"
  }

  /// To the microsecond.
  private static func milliseconds(_ duration: Duration) -> Double {
    (duration / .microseconds(1)).rounded() / 1000
  }
}
