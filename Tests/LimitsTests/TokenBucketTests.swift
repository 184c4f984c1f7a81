import TestSupport
import Testing

@testable import Limits

/// Tokens as anybody would write them down: so many, and how far the next one is.
private struct Tokens {
  let rate: Rate
  var count: Int
  /// Time since the last token came, while some are missing.
  var gathered = Duration.zero
  var last: ContinuousClock.Instant

  init(_ rate: Rate, now: ContinuousClock.Instant) {
    self.rate = rate
    count = rate.count
    last = now
  }

  mutating func pass(to now: ContinuousClock.Instant) {
    gathered += now - last
    last = now
    while count < rate.count, gathered >= rate.interval {
      gathered -= rate.interval
      count += 1
    }
    if count == rate.count { gathered = .zero }
  }

  func wait(_ wanted: Int) -> Duration? {
    count >= wanted ? nil : rate.interval * (wanted - count) - gathered
  }
}

@Suite struct TokenBucketTests {
  @Test(arguments: 0..<20 as Range<UInt64>)
  func `it holds as many tokens as somebody who counts them`(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let rate = Rate(
      Int.random(in: 1...7, using: &random),
      per: .milliseconds(Int.random(in: 1...5000, using: &random)))
    var now = ContinuousClock.now
    var bucket = TokenBucket(now: now)
    var tokens = Tokens(rate, now: now)
    for _ in 0..<500 {
      let wanted = Int.random(in: 1...rate.count, using: &random)
      switch Int.random(in: 0..<4, using: &random) {
      case 0: break
      case 1: now += rate.interval
      case 2: now += .microseconds(Int.random(in: 0...9_000_000, using: &random))
      // Just as long as it takes, or a moment less.
      default:
        if let wait = bucket.wait(rate, tokens: wanted, now: now) {
          now += Bool.random(using: &random) ? wait : wait - .nanoseconds(1)
        }
      }
      tokens.pass(to: now)
      #expect(bucket.wait(rate, tokens: wanted, now: now) == tokens.wait(wanted))
      if tokens.wait(wanted) == nil {
        bucket.take(rate, tokens: wanted, now: now)
        tokens.count -= wanted
      }
    }
  }

  @Test func `as many as its count may come at once, and then one each interval`() {
    let rate = Rate(5, per: .seconds(1))
    var now = ContinuousClock.now
    var bucket = TokenBucket(now: now)
    for _ in 0..<5 {
      #expect(bucket.wait(rate, now: now) == nil)
      bucket.take(rate, now: now)
    }
    #expect(bucket.wait(rate, now: now) == .milliseconds(200))
    now += .milliseconds(200)
    bucket.take(rate, now: now)
    #expect(bucket.wait(rate, now: now) == .milliseconds(200))
    now += .seconds(1)
    #expect(bucket == bucket && bucket.full == now)
  }
}
