import Testing

@testable import Hub

/// No call does more than its budget allows, however many listeners there are.
@Suite struct BudgetTests {
  private let count = 100_000
  private let budget = FanOutBudget()

  /// A room in which everybody is blocked and lacks a message.
  private func blocked() -> Fixture {
    let fixture = Fixture()
    fixture.flushesOnSubscribe = false
    for _ in 0..<count {
      let (handle, _) = fixture.subscribe()
      fixture.sink[handle].room = 0
    }
    fixture.publish("a")
    fixture.flush()
    precondition(fixture.hub.counters.behind == count)
    return fixture
  }

  /// Flushes to the end; `look` sees what there is before and after each call.
  private func calls(_ fixture: Fixture, _ look: () -> Void) -> Int {
    var calls = 0
    var hasMore = true
    while hasMore {
      hasMore = fixture.hub.flush(budget: budget, clock: { [now = fixture.now] in now })
      calls += 1
      look()
    }
    return calls
  }

  @Test func `a walk past 100,000 blocked listeners is cut into slices`() throws {
    let fixture = blocked()
    fixture.publish("b")
    let feed = try #require(fixture.hub.feeds.all.first { _ in true })
    let backlog = try #require(feed.backlog)
    var met = backlog.met
    let calls = calls(fixture) {
      #expect(backlog.met - met <= UInt64(budget.looks))
      met = backlog.met
    }
    #expect(calls == count / budget.looks)
    #expect(feed.pending == 0 && fixture.hub.counters.behind == count)
  }

  @Test func `100,000 blocked listeners are looked at, and closed, in slices`() {
    let fixture = blocked()
    // Nobody is too slow yet.
    var looks = fixture.hub.looks
    fixture.advance(.seconds(20))
    #expect(fixture.hub.looks - looks == budget.looks)
    looks = fixture.hub.looks
    let lookCalls = calls(fixture) {
      #expect(fixture.hub.looks - looks <= budget.looks)
      looks = fixture.hub.looks
    }
    #expect(lookCalls == count / budget.looks - 1)
    #expect(fixture.hub.looks == count && fixture.hub.counters.listeners == count)
    // Now all are.
    var closed = 0
    fixture.advance(.seconds(11))
    #expect(fixture.hub.counters.closed(.slow) == budget.closings)
    closed = fixture.hub.counters.closed(.slow)
    let closeCalls = calls(fixture) {
      #expect(fixture.hub.counters.closed(.slow) - closed <= budget.closings)
      closed = fixture.hub.counters.closed(.slow)
    }
    #expect(closeCalls == count / budget.closings - 1)
    #expect(closed == count && fixture.hub.counters.listeners == 0)
    #expect(fixture.hub.nextLagLook == nil)
  }

  @Test func `many bytes at once begin one pass, and not one for each message`() {
    let fixture = Fixture { $0.listenerLagBytes = 1000 }
    let quick = fixture.subscribe()
    for _ in 0..<5000 {
      let (handle, _) = fixture.subscribe(["other"])
      fixture.sink[handle].room = 0
    }
    fixture.publish("a", in: "other")
    fixture.flush()
    let before = fixture.hub.looks
    for _ in 0..<3 { fixture.publish(String(repeating: "x", count: 2000)) }
    // Each message goes on with the pass that the first began; there are three budgets for 5001 slots.
    #expect(fixture.hub.looks - before <= 3 * budget.looks)
    #expect(!fixture.sink[quick.handle].isClosed)
    fixture.flush()
    #expect(fixture.hub.nextLagLook == nil)
  }
}
