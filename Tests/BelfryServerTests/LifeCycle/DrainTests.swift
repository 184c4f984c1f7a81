import Testing

@testable import BelfryServer

@Suite struct DrainTests {
  private let start = ContinuousClock.now

  /// Advances in steps of `step` until it is over; returns how many went in each.
  private func goodbyes(
    of count: Int, over time: Duration, step: Duration = Drain.tick, staying: Int = 1
  ) -> [Int] {
    var drain = Drain(of: count, over: time, from: start)
    var goodbyes: [Int] = []
    var left = count
    while goodbyes.count < 100_000 {
      let now = start + step * goodbyes.count
      let next = drain.advance(to: now, listeners: left, connections: staying)
      goodbyes.append(next.goodbyes)
      left -= next.goodbyes
      if next.isOver { return goodbyes }
    }
    return []
  }

  @Test func `listeners go one by one, evenly over the time`() {
    let goodbyes = goodbyes(of: 10_000, over: .seconds(10))
    #expect(goodbyes.count == 1001)
    #expect(goodbyes.reduce(0, +) == 10_000)
    // 1 each millisecond, looked at every 10.
    #expect(goodbyes.dropLast().allSatisfy { 1...11 ~= $0 })
  }

  @Test(arguments: [0, 1, 2, 3, 7, 999, 1000, 1001])
  func `all of them go, the first at once, however the number divides`(count: Int) {
    let goodbyes = goodbyes(of: count, over: .seconds(1))
    #expect(goodbyes.reduce(0, +) == count)
    #expect(goodbyes[0] == min(1, count) || count > 100)
    #expect(goodbyes.allSatisfy { $0 <= count / 100 + 1 })
  }

  @Test func `a late loop makes up for what is due, and no more`() {
    var drain = Drain(of: 100, over: .seconds(10), from: start)
    #expect(drain.advance(to: start, listeners: 100, connections: 0).goodbyes == 1)
    let late = drain.advance(to: start + .seconds(5), listeners: 99, connections: 0)
    #expect(late == Drain.Step(goodbyes: 50, isOver: false))
  }

  @Test func `it is over as soon as nobody is left, listener or other`() {
    var drain = Drain(of: 1, over: .seconds(10), from: start)
    #expect(!drain.advance(to: start, listeners: 1, connections: 1).isOver)
    #expect(!drain.advance(to: start + .seconds(1), listeners: 0, connections: 1).isOver)
    #expect(!drain.advance(to: start + .seconds(2), listeners: 1, connections: 0).isOver)
    #expect(drain.advance(to: start + .seconds(3), listeners: 0, connections: 0).isOver)
  }

  @Test func `when the time is over whoever is left is told, and cut`() {
    var drain = Drain(of: 10, over: .seconds(1), from: start)
    let step = drain.advance(to: start + .seconds(1), listeners: 10, connections: 3)
    #expect(step == Drain.Step(goodbyes: 10, isOver: true))
    var none = Drain(of: 10, over: .zero, from: start)
    #expect(
      none.advance(to: start, listeners: 10, connections: 3)
        == Drain.Step(goodbyes: 10, isOver: true))
  }
}
