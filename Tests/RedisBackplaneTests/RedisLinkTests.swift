import EventStream
import Events
import Hub
import Reactor
import TestSupport
import Testing

@testable import RedisBackplane

@Suite struct RedisLinkTests {
  @Test func `the wait before the next try doubles from 50 ms to 5 s, less a part by chance`() {
    var chance = SplitMix64(seed: 1)
    for _ in 0..<50 {
      var backoff = Backoff()
      var full = Duration.milliseconds(100)
      for _ in 0..<20 {
        let delay = backoff.next(using: &chance)
        #expect(delay >= full / 2 && delay <= full)
        #expect(delay >= Backoff.shortest && delay <= Backoff.longest)
        full = min(full * 2, Backoff.longest)
      }
      backoff.succeeded()
      #expect(backoff.next(using: &chance) <= .milliseconds(100))
    }
  }

  @Test func `a link is tried at once, given up in time, and tried again later`() {
    var now = ContinuousClock.now
    var schedule = RedisLinkSchedule(timeout: .seconds(2), now: now)
    #expect(schedule.due(now: now) == .connect)
    #expect(schedule.due(now: now + .seconds(2)) == .nothing)
    now += .milliseconds(2001)
    #expect(schedule.due(now: now) == .fail(reason: "no connection within 2.0 seconds"))
    schedule.failed(now: now)
    #expect(schedule.due(now: now + .milliseconds(49)) == .nothing)
    #expect(schedule.due(now: now + .milliseconds(101)) == .connect)
  }

  @Test func `an answer that is late is none, and so is a marker`() {
    let start = ContinuousClock.now
    var schedule = RedisLinkSchedule(timeout: .seconds(2), now: start)
    _ = schedule.due(now: start)
    schedule.connected()
    #expect(schedule.due(now: start + .seconds(2), unanswered: start) == .nothing)
    #expect(
      schedule.due(now: start + .milliseconds(2001), unanswered: start)
        == .fail(reason: "no answer within 2.0 seconds"))
    #expect(schedule.due(now: start + .seconds(3), unanswered: start + .seconds(1)) == .nothing)
    #expect(schedule.due(now: start + .seconds(99)) == .nothing)
    schedule.sentMarker(now: start + .seconds(100))
    #expect(schedule.due(now: start + .seconds(102)) == .nothing)
    guard case .fail = schedule.due(now: start + .seconds(103)) else {
      Issue.record("a marker that is not heard is not missed")
      return
    }
    schedule.heardMarker()
    #expect(schedule.due(now: start + .seconds(103)) == .nothing)
  }

  private func steps(_ url: String, isSubscriber: Bool = false) -> [[String]] {
    RedisSession.steps(for: RedisAddress(url)!, name: "n", isSubscriber: isSubscriber)
      .map { Array($0.arguments.prefix(3)) }
  }

  @Test func `a session begins with who one is and which database is meant`() {
    #expect(
      steps("redis://u:p@h/3", isSubscriber: true)
        == [["AUTH", "u", "p"], ["SELECT", "3"], ["CLIENT", "SETNAME", "n"]])
    #expect(steps("redis://:p@h").first == ["AUTH", "p"])
    #expect(steps("redis://h").first == ["SELECT", "0"])
    #expect(steps("redis://h").count == 3 + RedisScripts.Script.allCases.count)
  }

  @Test func `what Redis refuses at the beginning is said without the password`() {
    var session = RedisSession()
    let steps = RedisSession.steps(
      for: RedisAddress("redis://:horse@h/9")!, name: "n", isSubscriber: false)
    let echo = RedisReply.error("ERR unknown command 'AUTH', with args beginning with: 'horse'")
    for step in steps {
      let reason = session.take(echo, of: step)
      switch step.purpose {
      case .authenticate: #expect(reason == "Redis rejected the user or password (ERR)")
      case .name: #expect(reason == nil)
      default: #expect(reason?.contains("unknown command") ?? false)
      }
    }
    let information = steps.first { $0.purpose == .information }!
    #expect(session.take(.string(Array("# Server\r\nx:y".utf8)), of: information) != nil)
    let known = RedisReply.string(Array("# Server\r\nrun_id:abc\r\nx:y".utf8))
    #expect(session.take(known, of: information) == nil && session.run == "abc")
  }

  // MARK: Those who wait

  private let a = RoomName("a")!
  private let b = RoomName("b")!

  @Test func `whoever waits is let go when all of its rooms are ready, or when it is late`() {
    var list = RedisWaitingList()
    var outcomes: [String: Preparation] = [:]
    let now = ContinuousClock.now
    func add(_ name: String, _ rooms: [RoomName], needsHeartbeat: Bool = false) {
      list.add(rooms, needsHeartbeat: needsHeartbeat, until: now + .seconds(2)) {
        outcomes[name] = $0
      }
    }
    func letGo(_ ready: [RoomName]) {
      list.mayBeReady()
      for completion in list.removeReady({ ready.contains($0) }).0 { completion(.ready) }
    }
    add("one", [a])
    add("both", [a, b])
    add("id", [a], needsHeartbeat: true)
    #expect(list.wanted == [a, b])
    letGo([a])
    #expect(outcomes == ["one": .ready])
    #expect(list.needsHeartbeat)
    list.asked(7)
    #expect(!list.needsHeartbeat)
    add("later", [a], needsHeartbeat: true)
    // One at a time; the next is for whoever came meanwhile.
    #expect(!list.needsHeartbeat)
    list.heard(6)
    letGo([a])
    #expect(outcomes.count == 1)
    list.heard(7)
    letGo([a])
    #expect(outcomes.keys.sorted() == ["id", "one"])
    #expect(list.needsHeartbeat)
    list.asked(8)
    list.forgetHeartbeats()
    #expect(list.needsHeartbeat)
    #expect(list.removeLate(now: now + .milliseconds(1999)).isEmpty)
    #expect(list.removeLate(now: now + .seconds(2)).count == 2)
    #expect(list.wanted.isEmpty)
  }

  @Test func `a heartbeat that nobody waits for any more does not hold up the next`() {
    let now = ContinuousClock.now
    for leave in [
      { list in _ = list.removeLate(now: now + .seconds(2)) },
      { list in _ = list.remove(wanting: RoomName("a")!) },
    ] as [(inout RedisWaitingList) -> Void] {
      var list = RedisWaitingList()
      list.add([a], needsHeartbeat: true, until: now + .seconds(2)) { _ in }
      list.asked(7)
      leave(&list)
      list.add([b], needsHeartbeat: true, until: now + .seconds(4)) { _ in }
      #expect(!list.needsHeartbeat)
      list.heard(7)
      #expect(list.needsHeartbeat)
      list.asked(8)
      list.heard(8)
      #expect(list.removeReady { _ in true }.0.count == 1)
    }
  }

  @Test func `ten thousand that wait are let go a part at a time`() {
    var list = RedisWaitingList()
    for _ in 0..<10_000 {
      list.add([a], needsHeartbeat: false, until: .now) { _ in }
    }
    list.mayBeReady()
    var turns = 0
    var total = 0
    var hasMore = true
    while hasMore {
      let (ready, more) = list.removeReady { _ in true }
      #expect(ready.count <= 100)
      total += ready.count
      hasMore = more
      turns += 1
    }
    #expect(total == 10_000 && turns >= 100)
  }
}
