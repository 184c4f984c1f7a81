import EventStream
import Testing

@testable import Hub

@Suite struct FlightsTests {
  private let fixture = Fixture()

  /// Flushes one slice of so many streams, `after` so long from now.
  @discardableResult
  private func slice(_ streams: Int, after time: Duration) -> Bool {
    var budget = FanOutBudget()
    budget.streams = streams
    return fixture.hub.flush(budget: budget) { fixture.now + time }
  }

  private var times: DurationHistogram { fixture.hub.counters.publishToLastWrite }

  @Test func `a message has arrived when the last of ten was written`() {
    for _ in 0..<10 { fixture.subscribe() }
    fixture.publish("a")
    for number in 1...3 {
      #expect(slice(3, after: .milliseconds(number)))
      #expect(times.count == 0)
    }
    slice(3, after: .milliseconds(4))
    #expect(times.count == 1 && times.sum == .milliseconds(4))
  }

  @Test func `it arrives in time also when new ones never cease to come`() {
    for _ in 0..<10 { fixture.subscribe() }
    for number in 0..<100 {
      fixture.publish("\(number)")
      slice(3, after: .zero)
      fixture.advance(.milliseconds(1))
    }
    // Ten are met in four slices at most, the first of which is in the same millisecond.
    #expect(times.count == 97)
    #expect(times.sum > .milliseconds(97 * 2) && times.sum <= .milliseconds(97 * 3))
  }

  @Test func `one that several groups of listeners get is counted once, with the last of them`() {
    fixture.subscribe(["a"])
    fixture.subscribe(["a", "b"])
    fixture.subscribe(["b"])
    fixture.publish("x", in: "a")
    #expect(slice(1, after: .milliseconds(1)))
    #expect(times.count == 0)
    slice(1, after: .milliseconds(2))
    #expect(times.count == 1 && times.sum == .milliseconds(2))
  }

  @Test func `who is behind is not waited for`() {
    let slow = fixture.subscribe()
    fixture.subscribe()
    fixture.sink[slow.handle].room = 0
    fixture.publish("a")
    fixture.publish("b")
    slice(10, after: .milliseconds(5))
    #expect(fixture.hub.counters.behind == 1)
    #expect(times.count == 2 && times.sum == .milliseconds(10))
  }

  @Test func `what nobody listens to, or nobody any more, is not counted and leaves nothing`() {
    fixture.publish("a")
    let (_, token) = fixture.subscribe()
    fixture.publish("b")
    fixture.hub.remove(token, reason: .client)
    fixture.flush()
    #expect(times.count == 0 && fixture.hub.underway == 0)
  }

  @Test func `when one leaves in the midst of a walk, the message arrives with the rest`() {
    let streams = (0..<10).map { _ in fixture.subscribe() }
    fixture.publish("a")
    slice(4, after: .milliseconds(1))
    for place in [0, 5, 9] { fixture.hub.remove(streams[place].token, reason: .client) }
    while slice(4, after: .milliseconds(2)) {}
    #expect(times.count == 1 && times.sum == .milliseconds(2) && fixture.hub.underway == 0)
    fixture.publish("b")
    for stream in streams { fixture.hub.remove(stream.token, reason: .client) }
    fixture.flush()
    #expect(times.count == 1 && fixture.hub.underway == 0)
  }
}
