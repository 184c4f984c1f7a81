import Foundation
import LoadTest
import Reactor
import Testing

/// What load processes measured, made up, becomes one report.
@Suite struct ReportMergingTests {
  private func report(
    _ count: Int = 1, change: (inout Report.Ingredients) -> Void
  ) throws -> Report {
    var plan = Plan(target: try Target(.belfry, Target.Changes()))
    plan.workers = count
    var result = WorkerResult()
    result.tally.delivered = 1000
    result.lastDelays = [[]]
    // Ten seconds after the beginning.
    result.lastMoment = 11_000_000_000
    result.processorSeconds = 1
    result.reads = 100
    var parts = Report.Ingredients(
      plan: plan, results: Array(repeating: result, count: count), published: .nothing(plan),
      start: 1_000_000_000, machine: .current(.current))
    change(&parts)
    return Report(parts)
  }

  @Test func `a load that kept up is not doubted`() throws {
    let report = try report { _ in }
    #expect(!report.load.wasBottleneck && report.warnings.isEmpty, "\(report.warnings)")
    #expect(report.load.busy == 0.1 && report.load.behind == 0 && report.isClean)
  }

  @Test(arguments: [(9.5, 0.0, 0), (5, 4.5, 0), (1, 0, 60)])
  func `a load that was busy, without a core or late is named as the limit`(
    busy: Double, waiting: Double, behind: Int
  ) throws {
    // The second of two processes; the first is well.
    let report = try report(2) { parts in
      parts.results[1].processorSeconds = busy
      parts.results[1].waitingSeconds = waiting
      parts.results[1].readsBehind = behind
    }
    #expect(report.load.wasBottleneck)
    #expect(report.warnings.contains { $0.contains("may have limited these figures") })
  }

  @Test(arguments: [(4.0, true), (12, false)])
  func `a delivery that costs a busy load more than the server is told of`(
    server: Double, isTold: Bool
  ) throws {
    let report = try report { parts in
      // 8,000 µs for each of 1,000 deliveries.
      parts.results[0].processorSeconds = 8
      parts.pids = [1]
      parts.after.processorSeconds = server
    }
    #expect(report.load.cpuUsPerDelivery == 8000)
    #expect(report.warnings.contains { $0.contains("cost the load tool more") } == isTold)
  }

  @Test func `another order in another process is reordering`() throws {
    var one = MessageOrder()
    var two = MessageOrder()
    for (publisher, number) in [(0, 0), (1, 0), (0, 1)] as [(Int32, Int32)] {
      one.append(publisher: publisher, number: number)
    }
    for (publisher, number) in [(1, 0), (0, 0), (0, 1)] as [(Int32, Int32)] {
      two.append(publisher: publisher, number: number)
    }
    for isSame in [true, false] {
      let report = try report(2) { parts in
        parts.results[0].orders = [one]
        parts.results[1].orders = [isSame ? one : two]
      }
      #expect(report.reordered == (isSame ? 0 : 1) && report.isClean == isSame)
      #expect(
        report.offenders
          == (isSame
            ? [] : ["some listeners got message 0 of publisher 0 in a different order than others"])
      )
    }
  }

  @Test func `the first offenders of all processes are named`() throws {
    let report = try report(2) { parts in
      parts.results[0].offenders = [
        Offender(moment: 20, text: "second"), Offender(moment: .max, text: "last"),
      ]
      parts.results[1].offenders = [Offender(moment: 10, text: "first")]
    }
    #expect(report.offenders == ["first", "second", "last"])
  }

  @Test func `a lost stream is a failure where nobody comes back`() throws {
    for scenario in Scenario.allCases {
      let report = try report { parts in
        parts.plan.scenario = scenario
        if scenario == .slow {
          parts.results[0].phases = Array(repeating: LatencyHistogram(), count: 3)
        }
        parts.results[0].lost = 2
      }
      #expect(report.isClean == scenario.reconnects, "\(scenario)")
      #expect(report.verdict.contains("2 streams lost") != scenario.reconnects, "\(report.verdict)")
    }
  }

  @Test(arguments: [(5.0, 14.0, false), (5, 16, true), (50, 90, false), (50, 110, true)])
  func `the others' latency that moves while some don't read is told of`(
    before: Double, during: Double, isTold: Bool
  ) throws {
    let report = try report { parts in
      parts.plan.scenario = .slow
      parts.results[0].phases = [before, during, before].map { milliseconds in
        var histogram = LatencyHistogram()
        histogram.record(nanoseconds: UInt64(milliseconds * 1e6))
        return histogram
      }
    }
    #expect(report.slow?.othersMoved == isTold)
    #expect(
      report.warnings.contains { $0.contains("got messages later while some did not read") }
        == isTold)
  }

  @Test func `a page has memory's slope`() throws {
    // Two KiB more each hour, as a result file says it.
    let json = (0..<3).map { "{\"time\":\($0 * 3600),\"rssBytes\":\($0 * 2048),\"cpuSeconds\":0}" }
    let moments = try JSONDecoder().decode(
      [Report.ServerMoment].self, from: Data("[\(json.joined(separator: ","))]".utf8))
    let report = try report { parts in
      parts.pids = [1]
      parts.samples = moments
    }
    #expect(ReportPage([report], names: ["x"]).html.contains("<td>2 KiB per hour</td>"))
  }
}

@Suite struct CoresTests {
  @Test func `a list of cores is read as the kernel writes it`() {
    #expect(Cores.numbers(in: "0-3,8") == [0, 1, 2, 3, 8])
    #expect(Cores.numbers(in: "5\n") == [5])
    #expect(Cores.numbers(in: "3-1,x,").isEmpty)
  }
}
