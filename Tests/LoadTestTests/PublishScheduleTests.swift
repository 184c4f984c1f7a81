import LoadTest
import Testing

@Suite struct PublishScheduleTests {
  @Test func `times stand from the beginning, however late one is taken`() {
    var schedule = PublishSchedule(start: 1000, rate: 10, messages: 3, duration: 0)
    #expect(schedule.take(now: 999) == nil)
    #expect(schedule.nextDue(now: 999) == 1000)
    #expect(schedule.take(now: 1000) == 1000)
    #expect(schedule.take(now: 1001) == nil)
    // Taken a second late, it was due when it was due.
    #expect(schedule.take(now: 1_000_000_000) == 100_001_000)
    #expect(schedule.take(now: 1_000_000_000) == 200_001_000)
    #expect(schedule.take(now: 9_000_000_000) == nil && schedule.nextDue(now: 0) == nil)
  }

  @Test func `a duration ends it, all that was due before is still taken`() {
    var schedule = PublishSchedule(start: 0, rate: 100, messages: nil, duration: 0.05)
    var taken = 0
    while schedule.take(now: 60_000_000_000) != nil { taken += 1 }
    #expect(taken == 5)
  }

  @Test func `without a rate, a message is due at once`() {
    var schedule = PublishSchedule(start: 1000, rate: 0, messages: nil, duration: 1)
    #expect(schedule.take(now: 500) == nil)
    #expect(schedule.take(now: 1500) == 1500)
    #expect(schedule.take(now: 1600) == 1600)
    #expect(schedule.take(now: 2_000_000_000) == nil)
  }
}

@Suite struct ScenarioTests {
  @Test func `what happens when follows from the duration`() {
    #expect(Scenario.fanout.timeline(duration: 10, listeners: 100, share: 0.1).isEmpty)
    let storm = Scenario.connectStorm.timeline(duration: 10, listeners: 100, share: 0.1)
    #expect(storm.map(\.time) == [4] && storm.map(\.action) == [.storm])
    let slow = Scenario.slow.timeline(duration: 9, listeners: 100, share: 0.1)
    #expect(slow.map(\.time) == [3, 6] && slow.map(\.count) == [10, 10])
    #expect(slow.map(\.action) == [.pause, .resume])
  }

  @Test func `churn deals a second's share out evenly`() {
    let steps = Scenario.churn.timeline(duration: 10, listeners: 33, share: 0.1)
    let all = steps.reduce(0) { $0 + $1.count }
    // 3.3 a second for 9.9 s.
    #expect((31...33).contains(all))
    #expect(steps.allSatisfy { $0.count == 1 && $0.time > 0 && $0.time < 10 })
  }

  @Test func `listeners are dealt to processes without one left out`() throws {
    var plan = Plan(target: try Target(.belfry, Target.Changes()))
    plan.listeners = 10
    plan.workers = 3
    var all: [Int] = []
    for worker in 0..<3 {
      plan.worker = worker
      all += plan.ownListeners
    }
    #expect(all.sorted() == Array(0..<10))
  }
}
