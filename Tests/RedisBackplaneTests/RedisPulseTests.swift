import EventStream
import Events
import Testing

@testable import RedisBackplane

@Suite struct RedisPulseTests {
  private let start = ContinuousClock.now

  private func id(_ number: UInt64, _ epoch: String = "e1") -> EventID {
    EventID(epoch: Epoch(epoch)!, number: number)
  }

  @Test func `a heartbeat is due at once, and then each quarter of the timeout`() {
    for (timeout, interval) in [(2.0, 0.5), (60, 1)] {
      var pulse = RedisPulse(timeout: .seconds(timeout), now: start)
      func isDue(_ seconds: Double) -> Bool {
        // What others publish stands for nothing.
        let heard = id(UInt64(seconds * 1000))
        return pulse.isDue(answered: nil, heard: heard, now: start + .seconds(seconds))
      }
      #expect(isDue(0))
      pulse.sent(now: start)
      #expect(!isDue(interval - 0.001))
      #expect(isDue(interval + 0.001))
    }
  }

  @Test func `publishes that are answered and heard stand for it, and nothing less does`() {
    var pulse = RedisPulse(timeout: .seconds(2), now: start)
    pulse.sent(now: start)
    func isDue(_ answered: EventID?, _ heard: EventID?, _ milliseconds: Int) -> Bool {
      pulse.isDue(answered: answered, heard: heard, now: start + .milliseconds(milliseconds))
    }
    #expect(!isDue(id(1), id(1), 400))
    #expect(!isDue(id(2), id(3), 800))
    // One of the two says nothing new, or is of another history.
    #expect(!isDue(id(2), id(4), 1200))
    #expect(isDue(id(2), id(5), 1300))
    pulse.sent(now: start + .milliseconds(1300))
    #expect(!isDue(id(6), id(5, "e2"), 1700))
    #expect(isDue(id(7), id(6, "e2"), 1800))
    #expect(!isDue(id(7, "e2"), id(7, "e2"), 1800))
  }

  @Test func `the node says that it lives, however much is published`() {
    var pulse = RedisPulse(timeout: .seconds(2), now: start)
    pulse.sent(now: start)
    var sent: [Int] = []
    for tick in 1...200 {
      let now = start + .milliseconds(100 * tick)
      if pulse.isDue(answered: id(UInt64(tick)), heard: id(UInt64(tick)), now: now) {
        sent.append(tick)
        pulse.sent(now: now)
      }
    }
    #expect(sent == [50, 100, 150, 200])
  }
}
