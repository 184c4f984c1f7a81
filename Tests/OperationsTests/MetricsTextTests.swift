import Foundation
import Hub
import Limits
import Reactor
import TestSupport
import Testing

@testable import Operations

@Suite struct MetricsTextTests {
  @Test func `every line can be read, and every series has a type`() {
    let page = MetricsPage(MetricsText(Figures.sample).text)
    #expect(page.malformed.isEmpty, "\(page.malformed)")
    for name in page.series.keys {
      let family = name.prefix { $0 != "{" }
      let whole = family.replacing(/_(bucket|sum|count)$/, with: "")
      #expect(
        page.types[String(family)] != nil || page.types[String(whole)] == "histogram", "\(name)")
    }
    for (name, type) in page.types { #expect((type == "counter") == name.hasSuffix("_total")) }
  }

  @Test func `whatever is counted by reason begins at 0, for each reason`() {
    let page = MetricsPage(MetricsText(Figures.sample).text)
    func reasons<Reason: CaseIterable & RawRepresentable<String>>(
      _ name: String, _: Reason.Type
    ) {
      let expected = Reason.allCases.map { ("\(name){reason=\"\($0.rawValue)\"}", 0.0) }
      #expect(page.all(name) == Dictionary(uniqueKeysWithValues: expected))
    }
    reasons("belfry_streams_closed_total", CloseReason.self)
    reasons("belfry_refused_total", RefusalReason.self)
    reasons("belfry_gaps_total", GapReason.self)
    reasons("belfry_connections_ended_total", ConnectionEnd.self)
  }

  @Test func `buckets add up, and what is unknown is left out`() {
    let page = MetricsPage(MetricsText(Figures.sample).text)
    let name = "belfry_loop_lag_seconds"
    for (bound, count) in [
      ("0.0001", 0), ("0.000125", 0), ("0.00016", 1), ("0.0025", 1), ("0.00315", 3), ("10.0", 3),
      ("+Inf", 4),
    ] { #expect(page["\(name)_bucket{le=\"\(bound)\"}"] == Double(count), "\(bound)") }
    #expect(page["\(name)_count"] == 4)
    #expect(abs(page["\(name)_sum"]! - 20.00615) < 1e-9)
    #expect(page["process_cpu_seconds_total"] == 1.25)
    #expect(page["process_start_time_seconds"] == 1_795_771_017.25)
    #expect(page["belfry_backplane_up{backplane=\"redis\"}"] == 0 && page["belfry_ready"] == 0)
    var fewer = Figures.sample
    (fewer.startTime, fewer.process) = (nil, nil)
    #expect(!MetricsText(fewer).text.contains("process_"))
  }

  @Test func `promtool has nothing to say against it`() throws {
    let path = NSTemporaryDirectory() + "belfry-\(UInt64.random(in: 0...UInt64.max))"
    defer { for end in ["", ".said"] { try? FileManager.default.removeItem(atPath: path + end) } }
    try MetricsText(Figures.sample).text.write(toFile: path, atomically: false, encoding: .utf8)
    let promtool = try ChildProcess(
      "/usr/bin/promtool", ["check", "metrics"], input: path, output: path + ".said")
    #expect(promtool.end())
    let said = try String(contentsOfFile: path + ".said", encoding: .utf8)
    #expect(promtool.status == 0 && said.isEmpty, "\(said)")
  }

  @Test func `the dashboard shows what there is`() throws {
    let path = "deploy/grafana/belfry.json"
    let data = try Data(contentsOf: Repository.root.appendingPathComponent(path))
    let dashboard = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(dashboard["title"] as? String == "Belfry")
    let text = MetricsText(Figures.sample).text
    let names = Set(
      MetricsPage(text).series.keys.map { String($0.prefix { $0 != "{" }) })
    var expressions: [String] = []
    func collect(_ value: Any) {
      switch value {
      case let object as [String: Any]:
        if let expression = object["expr"] as? String { expressions.append(expression) }
        for value in object.values { collect(value) }
      case let list as [Any]: for value in list { collect(value) }
      default: break
      }
    }
    collect(dashboard)
    #expect(expressions.count > 15)
    var used: Set<String> = []
    for expression in expressions {
      let found = expression.matches(of: /\b(?:belfry|process)_[a-z_]+/).map { String($0.0) }
      #expect(!found.isEmpty, "\(expression)")
      #expect(Set(found).isSubset(of: names), "\(expression)")
      used.formUnion(found)
    }
    // Whoever imports it chooses the source.
    #expect(String(decoding: data, as: UTF8.self).contains(#""uid": "${datasource}""#))
    // And it leaves nothing out that changes.
    let constant: Set = ["belfry_build_info", "process_virtual_memory_bytes"]
    let families = names.filter { !$0.hasSuffix("_sum") && !$0.hasSuffix("_count") }
    #expect(families.subtracting(used).subtracting(constant).isEmpty)
  }
}

/// Where the repository is: the tests run in it, or below.
private enum Repository {
  static let root: URL = {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
  }()
}
