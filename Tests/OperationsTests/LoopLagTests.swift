import Hub
import Testing

@testable import Operations

@Suite struct LoopLagTests {
  private let start: UInt64 = 1_234_567_890
  private let lag: LoopLag

  init() { lag = LoopLag(tickInterval: .milliseconds(100), now: start) }

  /// So many milliseconds after the start.
  private func moment(_ milliseconds: Int) -> UInt64 { start + UInt64(milliseconds) * 1_000_000 }

  private func turn(_ began: Int?, _ ended: Int, hasMore: Bool = false) {
    lag.endTurn(
      began: began.map(moment), hasMore: hasMore, now: moment(ended))
  }

  @Test func `a loop that waits lets nobody wait`() {
    turn(nil, 400)
    turn(1000, 1000)
    #expect(lag.histogram.count == 1000 && lag.histogram.sum == .zero)
  }

  @Test func `a stall weighs as much as the time it takes`() throws {
    turn(500, 1000)
    #expect(lag.histogram.count == 1000)
    // 500 of them waited 500, 499, … ms.
    #expect(lag.histogram.sum == .milliseconds(500 * 501 / 2))
    let late = try #require(lag.histogram.quantile(0.75))
    #expect(Duration.milliseconds(240)...(.milliseconds(260)) ~= late)
    #expect(lag.takeLongest() == .milliseconds(500) && lag.takeLongest() == .zero)
  }

  @Test func `turns that follow each other are looked in between`() {
    turn(10, 12, hasMore: true)
    // Nothing was waited for: what came since the last turn's end waited too.
    for place in 1...9 { turn(12 + 2 * place - 1, 12 + 2 * place, hasMore: place < 9) }
    #expect(lag.histogram.count == 30)
    #expect(lag.histogram.sum == .milliseconds(10 * 3))
  }

  @Test func `turns shorter than a millisecond count by their share of time`() {
    var now = start
    for _ in 0..<10_000 {
      // 300 µs of work each 1.3 ms.
      now += 1_300_000
      lag.endTurn(began: now - 300_000, hasMore: false, now: now)
    }
    let waited = lag.histogram.count - lag.histogram.counts[0]
    #expect(lag.histogram.count == 13_000)
    // Those that came in the first 200 µs of a turn waited longer than 100.
    let share = Double(waited) / 13_000
    #expect(abs(share - 200.0 / 1300) < 0.01, "\(share)")
  }

  @Test func `a machine that has no time for the loop is found out by its timer`() {
    lag.tick(now: moment(103))
    turn(103, 103)
    // In time, but for the kernel's own rounding; the first was later than that.
    lag.tick(now: moment(200))
    turn(200, 200)
    lag.tick(now: moment(311))
    turn(311, 311)
    #expect(lag.histogram.count == 311 && lag.histogram.sum == .zero)
    // Due at 400, which the kernel did not do before 480.
    lag.tick(now: moment(480))
    turn(480, 480)
    #expect(lag.histogram.count == 480 && lag.histogram.sum == .milliseconds(80 * 81 / 2))
    #expect(lag.takeLongest() == .milliseconds(80))
    lag.tick(now: moment(500))
    turn(500, 500)
    #expect(lag.takeLongest() == .zero)
  }
}
