import TestSupport
import Testing

@testable import Limits

@Suite struct RateTableTests {
  @Test(arguments: 0..<10 as Range<UInt64>)
  func `it answers like a bucket for each key that is never forgotten`(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let rate = Rate(
      Int.random(in: 1...5, using: &random),
      per: .milliseconds(Int.random(in: 100...2000, using: &random)))
    var now = ContinuousClock.now
    var table = RateTable<Int>(rate, now: now)
    var buckets = (0..<10).map { _ in TokenBucket(now: now) }
    for _ in 0..<1000 {
      now += .milliseconds(Int.random(in: 0...60, using: &random))
      let key = Int.random(in: 0..<10, using: &random)
      let tokens = Int.random(in: 1...rate.count, using: &random)
      let wait = table.wait(for: key, tokens: tokens, now: now)
      #expect(wait == buckets[key].wait(rate, tokens: tokens, now: now))
      if wait == nil {
        table.take(key, tokens: tokens, now: now)
        buckets[key].take(rate, tokens: tokens, now: now)
      }
      if Bool.random(using: &random) { table.expire(now: now) }
    }
  }

  @Test func `nobody is remembered who has been quiet for two periods`() {
    let rate = Rate(3, per: .seconds(10))
    var now = ContinuousClock.now
    var table = RateTable<Int>(rate, now: now)
    for key in 0..<1000 { table.take(key, now: now) }
    #expect(table.count == 1000)
    for _ in 0..<2 {
      now += .seconds(10)
      table.expire(now: now)
    }
    #expect(table.count == 0)
  }

  @Test func `more keys than it remembers make it forget the quietest, not grow`() {
    let rate = Rate(1, per: .seconds(3600))
    let now = ContinuousClock.now
    var table = RateTable<Int>(rate, maximumKeys: 100, now: now)
    for key in 0..<2000 {
      #expect(table.wait(for: key, now: now) == nil)
      table.take(key, now: now)
      #expect(table.count <= 200)
    }
    #expect(table.wait(for: 1999, now: now) == .seconds(3600))
    #expect(table.wait(for: 0, now: now) == nil)
  }
}
