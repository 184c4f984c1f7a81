import Events
import Testing

@testable import Limits

@Suite struct RecentNamesTests {
  private func name(_ number: Int) -> RoomName { RoomName("room-\(number)")! }

  @Test func `a name is kept for a period at least, and for two at most`() {
    let start = ContinuousClock.now
    var names = RecentNames(period: .seconds(10), now: start)
    names.insert(name(1), now: start + .seconds(9))
    names.expire(now: start + .seconds(18))
    #expect(names.contains(name(1)) && !names.contains(name(2)))
    names.expire(now: start + .seconds(19))
    #expect(names.contains(name(1)))
    names.expire(now: start + .seconds(29))
    #expect(!names.contains(name(1)) && names.count == 0)
  }

  @Test func `more names than it keeps make it forget the oldest, not grow`() {
    let now = ContinuousClock.now
    var names = RecentNames(period: .seconds(3600), maximumCount: 100, now: now)
    for number in 0..<2000 {
      names.insert(name(number), now: now)
      #expect(names.count <= 200)
    }
    #expect(names.contains(name(1999)) && !names.contains(name(0)))
  }
}
