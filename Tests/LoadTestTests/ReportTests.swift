import Foundation
import LoadTest
import Reactor
import TestSupport
import Testing

/// A report of a small run, made once for all that look at it.
private let sample: Result<Report, any Error> = Result {
  let server = try FaultyServer(.dropsEvery(1000))
  var changes = Target.Changes()
  changes.url = "http://127.0.0.1:\(server.port)"
  changes.streamPath = "/stream"
  var plan = Plan(target: try Target(.belfry, changes))
  plan.listeners = 20
  plan.messages = 60
  plan.rate = 200
  plan.patience = 2
  var options = LoadRun.Options()
  options.pause = 0.05
  options.pids = [Int(ProcessInfo.processInfo.processIdentifier)]
  options.command = "belfry-bench <\"&'>"
  return try LoadRun(plan, options).run()
}

@Suite struct ReportTests {
  @Test func `its JSON has the keys that others read, and is read back`() throws {
    let report = try sample.get()
    let data = try ReportFile.data(report)
    let json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    for key in [
      "listeners", "opened", "published", "delivered", "missing", "duplicated", "reordered",
      "corrupted", "deliveries_per_second", "connect_per_second",
    ] { #expect(json[key] is NSNumber, "\(key)") }
    let latency = try #require(json["latency_ms"] as? [String: Any])
    for key in ["p50", "p90", "p99", "p999", "max"] {
      #expect(latency[key] is NSNumber, "\(key)")
    }
    let server = try #require(json["server"] as? [String: Any])
    let used = try #require(server["cpu_seconds"] as? Double)
    let each = try #require(server["cpu_us_per_delivery"] as? Double)
    #expect(abs(each - used * 1e6 / 1199) < 1e-6)
    let before = try #require(server["rss_before_bytes"] as? Int)
    let holding = try #require(server["rss_holding_bytes"] as? Int)
    let listener = try #require(server["bytes_per_listener"] as? Double)
    #expect(before > 0 && abs(listener - Double(holding - before) / 20) < 1e-3)
    let back = try ReportFile.read(Report.self, from: data)
    #expect(try ReportFile.data(back) == data)
    #expect(back.missing == 1 && back.delivered == 1199 && !back.isClean)
  }

  @Test func `its text says what is wrong, and who`() throws {
    let text = try sample.get().text
    #expect(text.contains("FAILED: 1 missing"))
    #expect(text.contains("did not get message"))
    #expect(text.contains("per delivery"))
  }

  @Test func `its page is well-formed, and needs nothing from elsewhere`() throws {
    let report = try sample.get()
    for reports in [[report], [report, report]] {
      let html = ReportPage(reports, names: reports.map { _ in "a <b>" }).html
      #expect(html.contains("FAILED: 1 missing") && html.contains("a &lt;b&gt;"))
      #expect(html.contains("belfry-bench &lt;&quot;&amp;&#39;&gt;"))
      #expect(!html.contains("<script") && !html.contains("http") && !html.contains("url("))
      #expect(html.contains("prefers-color-scheme"))
      #expect(html.components(separatedBy: "<svg").count == 4)
      // But for the doctype, `meta` and the entity-free text it is XML.
      let body = try #require(html.firstRange(of: "<main>"))
      let end = try #require(html.firstRange(of: "</main>"))
      let main = String(html[body.lowerBound..<end.upperBound])
      #expect(Markup.problem(of: main) == nil)
    }
  }

  @Test func `a page without deliveries or with a single one is well-formed too`() throws {
    var report = try sample.get()
    report.series = []
    report.percentiles = []
    report.delivered = 0
    #expect(Markup.problem(of: ReportPage([report], names: ["x"]).html) == nil)
    report = try sample.get()
    report.series = Array(report.series.prefix(1))
    report.percentiles = [Report.Percentile(percent: 0, ms: 0)]
    #expect(!ReportPage([report], names: ["x"]).html.contains("nan"))
  }

  @Test func `a terminal has one line written over itself, a file a line each 10 s`() {
    var look = LiveLook(
      progress: Progress(), listeners: 10, elapsed: 0, expected: 60, hasStarted: true, total: 0)
    look.progress.open = 10
    var terminal = LiveLine(isTerminal: true)
    var file = LiveLine(isTerminal: false)
    var lines = 0
    for tick in 0..<150 {
      look.elapsed = Double(tick) / 5
      look.total = look.elapsed
      look.progress.delivered = tick * 20
      #expect(terminal.text(look)?.hasPrefix("\r") == true)
      if let line = file.text(look) {
        lines += 1
        #expect(line.contains("100 deliveries/s") && line.hasSuffix("left\n"))
      }
    }
    #expect(lines == 2)
  }

  @Test func `streams that take long to open are told of each 10 s as well`() {
    var look = LiveLook(
      progress: Progress(), listeners: 10, elapsed: 0, expected: 60, hasStarted: false, total: 0)
    var file = LiveLine(isTerminal: false)
    var lines: [String] = []
    for tick in 0..<150 {
      look.total = Double(tick) / 5
      look.progress.open = tick / 50
      if let line = file.text(look) { lines.append(line) }
    }
    #expect(lines == ["opening 1 of 10 streams\n", "opening 2 of 10 streams\n"])
  }
}

/// Whether every element of a page is closed in its turn.
private enum Markup {
  static func problem(of html: String) -> String? {
    var open: [Substring] = []
    for part in html.split(separator: "<").dropFirst(html.hasPrefix("<") ? 0 : 1) {
      guard let end = part.firstIndex(of: ">") else { return "no > in \(part.prefix(40))" }
      let tag = part[..<end]
      let name = tag.prefix { $0 != " " && $0 != "/" && $0 != ">" }
      if tag.hasPrefix("!") || tag.hasSuffix("/") || name == "meta" { continue }
      if tag.hasPrefix("/") {
        guard open.popLast() == tag.dropFirst() else { return "\(tag) closes nothing" }
      } else {
        open.append(name)
      }
    }
    return open.isEmpty ? nil : "\(open) stay open"
  }
}

@Suite struct ComparisonTests {
  private func comparison() throws -> Comparison {
    let report = try sample.get()
    var comparison = Comparison()
    for (round, costs) in [[10.0, 8, 16], [12, 8, 12], [9, 9, 90]].enumerated() {
      for (peer, cost) in zip([Peer.belfry, .floor, .nchan], costs) {
        var report = report
        report.missing = 0
        report.server?.cpuUsPerDelivery = cost
        comparison.rounds.append(Comparison.Round(peer: peer, round: round, report: report))
      }
    }
    return comparison
  }

  @Test func `medians and ratios are taken over the rounds`() throws {
    let table = try comparison().markdown
    let rows = table.split(separator: "\n").map {
      $0.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
    }
    #expect(rows[0].contains("÷ nchan"))
    let belfry = try #require(rows.first { $0.first == "Belfry" })
    // Ratios of each round: 1.25, 1.5, 1.0 and 0.625, 1.0, 0.1.
    #expect(belfry[1] == "10.00 µs (9.00..12.00)" && belfry[2] == "1.25" && belfry[3] == "0.63")
    #expect(belfry.last == "all right")
  }

  @Test func `the load's own cost stands beside the servers', and is held against the floor's`()
    throws
  {
    for (own, says) in [
      (5.0, "it did not limit these figures"), (9, "may have limited these figures"),
    ] {
      var comparison = try comparison()
      for index in comparison.rounds.indices {
        comparison.rounds[index].report?.load.cpuUsPerDelivery = own
      }
      let table = comparison.markdown
      let rows = table.split(separator: "\n").map {
        $0.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      }
      let column = try #require(rows[0].firstIndex(of: "load tool CPU"))
      let floor = try #require(rows.first { $0.first == "floor (a bare `send` loop)" })
      #expect(floor[column].hasPrefix("\(Int(own)).00 µs"), "\(table)")
      #expect(table.contains("\(Int(own)).00 µs of CPU time per delivery of the floor"))
      #expect(table.contains(says), "\(table)")
    }
  }

  @Test func `every figure has its ratio to the floor and to the best rival`() throws {
    var comparison = try comparison()
    for index in comparison.rounds.indices {
      // Belfry, the floor and nchan in turn.
      comparison.rounds[index].report?.deliveriesPerSecond = [3000, 1000, 1500][index % 3]
    }
    let table = comparison.markdown
    #expect(table.contains("| ÷ floor, ÷ best rival | deliveries/s (best: nchan) |"), "\(table)")
    #expect(table.contains("| Belfry | 3.00, 2.00 |"), "\(table)")
    #expect(table.contains("| nchan (one nginx worker) | 1.50, 1.00 |"), "\(table)")
  }

  @Test func `a comparison says where, of what versions and by what command it was made`() throws {
    var comparison = try comparison()
    comparison.machine = Machine.current(.current)
    comparison.versions[.nchan] = "nginx-light 1.22"
    comparison.command = "belfry-bench compare"
    comparison.failure = "interrupted in round 3 of 3"
    let table = comparison.markdown
    #expect(table.contains("- machine: ") && table.contains("Linux "))
    #expect(table.contains("- versions: nchan: nginx-light 1.22"))
    #expect(table.contains("- command: `belfry-bench compare`"))
    #expect(table.contains("**ended early: interrupted in round 3 of 3**"))
    #expect(!comparison.isClean)
  }

  @Test func `who keeps no history is not measured where that is asked for`() throws {
    let place = PeerPlace(belfry: "/nonexistent/belfry")
    var plan = Plan(target: try Target(.belfry, Target.Changes()))
    plan.scenario = .connectStorm
    let run = ComparisonRun(
      plan, peers: [.floor, .pushpin, .flask], place: place, rounds: 3, command: "", say: { _ in })
    let absent = try run.run().absent
    #expect(absent.count == 3 && absent.values.allSatisfy { $0.contains("no history") })
  }

  @Test func `what was not measured, failed or was wrong is named`() throws {
    var comparison = try comparison()
    comparison.absent[.pushpin] = "apt-get install pushpin"
    comparison.rounds[2].report?.missing = 7
    comparison.rounds[5].report = nil
    comparison.rounds[5].problem = "it burnt"
    let table = comparison.markdown
    #expect(table.contains("Pushpin: not measured; apt-get install pushpin"))
    #expect(table.contains("**failed in 1 of 3 rounds, 7 missing**"))
    #expect(table.contains("nchan (one nginx worker), round 2: it burnt"))
    #expect(!comparison.isClean)
    let data = try ReportFile.data(comparison)
    #expect(try ReportFile.read(Comparison.self, from: data).markdown == table)
  }

  @Test func `a server that is not there is named with how to get it`() throws {
    let place = PeerPlace(belfry: "/nonexistent/belfry")
    #expect(Peer.belfry.missing(place)?.contains("/nonexistent/belfry") == true)
    // The floor is made of a file beside the tests, found from where they run.
    #expect(Peer.floor.missing(place) == nil)
    let run = try ComparisonRun(
      Plan(target: Target(.belfry, Target.Changes())), peers: [.belfry], place: place,
      rounds: 3, command: "", say: { _ in })
    let comparison = try run.run()
    #expect(comparison.absent.keys.elementsEqual([.belfry]) && comparison.rounds.isEmpty)
    #expect(!comparison.isClean)
  }
}
