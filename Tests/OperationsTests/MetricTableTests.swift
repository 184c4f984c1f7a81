import Foundation
import Hub
import Limits
import Testing

@testable import Operations

@Suite struct MetricTableTests {
  @Test func `names say the unit and the kind, as Prometheus wants it`() {
    for row in MetricTable.rows {
      let isTotal = row.name.hasSuffix("_total")
      #expect(isTotal == (row.kind == .counter), "\(row.name)")
      let words = row.name.split(separator: "_").dropLast(isTotal ? 1 : 0)
      // A start has the unit in its name as well, and a count of files is one of `fds`.
      let unit = MetricRow.Unit(rawValue: String(words.last!)) ?? .none
      #expect(unit == row.unit, "\(row.name)")
      #expect(row.help.hasSuffix("."), "\(row.name)")
    }
    #expect(Set(MetricTable.rows.map(\.name)).count == MetricTable.rows.count)
  }

  @Test func `the status page gets each row that names a member, once`() throws {
    let json = StatusEvent(
      figures: .sample, last: .sample, time: 1.5, uptime: .seconds(2),
      loopTime: .milliseconds(3)
    ).json
    let object = try JSONSerialization.jsonObject(with: Data(json.utf8))
    let members = try #require(object as? [String: Any])
    var names = ["version", "time", "uptime", "cpu", "backplane", "up", "draining", "full"]
    for row in MetricTable.rows {
      switch row.page {
      case .value(let name):
        names.append(name)
        let reasons = (members[name] as? [String: Int])?.keys.sorted() ?? []
        #expect(reasons == row.reasons.sorted(), "\(name)")
      case .quantiles(let quantiles): names += quantiles.map(\.name)
      case nil: break
      }
    }
    #expect(members.keys.sorted() == names.sorted())
    // Of two with one name JSONSerialization takes the last, and is silent about it.
    #expect(Set(names).count == names.count)
    #expect(members["memory"] as? Int == 3 && members["roomLimit"] as? Int == 8)
  }

  @Test func `quantiles are of what came since the event before, null when nothing did`() throws {
    var figures = Figures.sample
    func member(_ name: String) throws -> Any? {
      let json = StatusEvent(
        figures: figures, last: .sample, time: 0, uptime: .zero, loopTime: .zero
      ).json
      return try (JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])?[name]
    }
    #expect(try member("lag") is NSNull)
    figures.loopLag.observe(.milliseconds(1))
    #expect(try member("lag") as? Double == 1)
  }

  @Test func `the line of counters has gauges, and what counters have counted since the last`() {
    var last = Figures.sample(.published(2))
    last.admission.count(.listeners)
    var figures = Figures.sample(.published(5))
    figures.admission = last.admission
    figures.admission.count(.rooms)
    let line = StatisticsLine(from: last, to: figures)
    let facts = Dictionary(uniqueKeysWithValues: line.facts)
    // Keys of `…` stand there by reason, those of refusals where there are any.
    let keys = MetricTable.rows.compactMap(\.logKey).filter { !$0.hasSuffix("…") }
    let closed = CloseReason.allCases.map { "closed-\($0.rawValue)" }
    #expect(facts.keys.sorted() == (keys + closed + ["refused-rooms"]).sorted())
    #expect(facts["listeners"] == 0 && facts["closed-slow"] == 0)
    #expect(facts["published"] == 3 && facts["refused-rooms"] == 1)
    let again = StatisticsLine(from: figures, to: figures)
    #expect(!again.facts.contains { $0.key.hasPrefix("refused") })
  }
}
