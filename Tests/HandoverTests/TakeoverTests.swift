import Testing

@testable import Handover

@Suite struct TakeoverTests {
  private let start = ContinuousClock.now

  private func takeover(hasHistory: Bool = true) -> Takeover {
    Takeover(from: start, limit: .seconds(30), hasHistory: hasHistory)
  }

  @Test func `ready, history, go, serving, in this order and once each`() {
    var takeover = takeover()
    #expect(takeover.historyIsLoaded(now: start) == nil)
    #expect(takeover.successorServes() == nil)
    #expect(takeover.successorIsReady(now: start) == .sendHistory)
    #expect(takeover.successorIsReady(now: start) == nil)
    #expect(takeover.successorServes() == nil)
    #expect(takeover.historyIsLoaded(now: start) == .commit)
    #expect(takeover.historyIsLoaded(now: start) == nil)
    #expect(takeover.successorServes() == .leave)
    #expect(takeover.successorServes() == nil)
    #expect(takeover.successorIsLost("gone") == nil)
    #expect(takeover.cancel() == nil)
    #expect(takeover.advance(to: start + .seconds(3600)) == nil)
  }

  @Test func `a history that is kept elsewhere need not be sent`() {
    var takeover = takeover(hasHistory: false)
    #expect(takeover.successorIsReady(now: start) == .commit)
    #expect(takeover.successorServes() == .leave)
  }

  @Test func `one that is late to start, or to load, is given up`() {
    var slow = takeover()
    #expect(slow.advance(to: start + .seconds(29)) == nil)
    #expect(
      slow.advance(to: start + .seconds(30))
        == .giveUp(reason: "the successor was not ready within --takeover-timeout"))
    #expect(slow.advance(to: start + .seconds(31)) == nil)
    #expect(slow.successorIsReady(now: start + .seconds(31)) == nil)
    var late = takeover()
    #expect(
      late.successorIsReady(now: start + .seconds(30))
        == .giveUp(reason: "the successor was not ready within --takeover-timeout"))
    var loading = takeover()
    _ = loading.successorIsReady(now: start + .seconds(29))
    #expect(loading.advance(to: start + .seconds(58)) == nil)
    #expect(
      loading.advance(to: start + .seconds(59))
        == .giveUp(reason: "the successor did not load the history within --takeover-timeout"))
  }

  @Test func `once told to serve it is ended for being late, and given up for being gone`() {
    var takeover = takeover()
    _ = takeover.successorIsReady(now: start)
    _ = takeover.historyIsLoaded(now: start)
    #expect(takeover.advance(to: start + .seconds(29)) == nil)
    #expect(takeover.advance(to: start + .seconds(30)) == .end)
    #expect(takeover.advance(to: start + .seconds(31)) == nil)
    var cancelled = takeover
    #expect(takeover.successorIsLost("it ended") == .giveUp(reason: "it ended"))
    #expect(takeover.successorServes() == nil)
    // A server that stops doesn't say that it goes on.
    #expect(cancelled.cancel() == .end)
    #expect(cancelled.successorIsLost("it ended") == .drop)
    #expect(cancelled.successorServes() == nil)
  }

  @Test func `one that is gone is given up once, and one that is not wanted any more is dropped`() {
    for phase in 0..<2 {
      var takeover = takeover()
      if phase == 1 { _ = takeover.successorIsReady(now: start) }
      var cancelled = takeover
      #expect(takeover.successorIsLost("gone") == .giveUp(reason: "gone"))
      #expect(takeover.successorIsLost("gone") == nil)
      #expect(cancelled.cancel() == .drop)
      #expect(cancelled.cancel() == nil)
    }
  }
}
