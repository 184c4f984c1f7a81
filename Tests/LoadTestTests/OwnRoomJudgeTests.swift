import LoadTest
import Testing

/// Listeners that follow a shared room, lane 0, and a room of their own each, lane 1 + N.
private struct OwnCourt {
  var judge: DeliveryJudge
  /// The same moment never comes twice.
  private var clock: UInt64 = 1000

  init(listeners: Int = 3, publishers: Int = 1) {
    judge = DeliveryJudge(
      run: 77, rooms: (0..<listeners).flatMap { [0, $0 + 1] }, roomsEach: 2,
      roomCount: listeners + 1, publishers: publishers)
    for listener in 0..<listeners { judge.open(listener, .beginning) }
  }

  /// A message as it is published now.
  mutating func publish(_ number: Int, lane: Int) -> [UInt8] {
    clock += 10
    return Message(run: 77, lane: lane, number: number, due: 1, sent: clock).text(size: 80)
  }

  @discardableResult
  mutating func deliver(_ text: [UInt8], to listener: Int) -> DeliveryJudge.Verdict {
    judge.judge(listener, text, moment: 1_000_000) { _ in }
  }
}

@Suite struct OwnRoomJudgeTests {
  @Test func `the shared room's messages go to all, an own room's to its listener`() {
    var court = OwnCourt()
    let shared = court.publish(0, lane: 0)
    for listener in 0..<3 { #expect(court.deliver(shared, to: listener) == .delivered) }
    for listener in 0..<3 {
      let own = court.publish(0, lane: listener + 1)
      #expect(court.deliver(own, to: listener) == .delivered)
    }
    #expect(court.judge.isComplete([1, 1, 1, 1]))
    court.judge.finish([1, 1, 1, 1])
    #expect(court.judge.tally.isClean && court.judge.tally.delivered == 6)
  }

  @Test func `an own room's message at another listener is foreign, and its own lacks it`() {
    var court = OwnCourt()
    let own = court.publish(0, lane: 2)
    #expect(court.deliver(own, to: 0) == .foreign)
    #expect(!court.judge.isComplete([0, 0, 1, 0]))
    court.judge.finish([0, 0, 1, 0])
    let tally = court.judge.tally
    #expect(tally.foreign == 1 && tally.missing == 1 && tally.delivered == 0)
    #expect(
      court.judge.offenders.map(\.text) == [
        "listener 0 got message 0 of publisher 0 in own room 1, but does not follow that room",
        "listener 1 did not get message 0 of publisher 0 in own room 1",
      ])
  }

  @Test func `an own room's message that comes twice is duplicated`() {
    var court = OwnCourt()
    let own = court.publish(0, lane: 1)
    court.deliver(own, to: 0)
    #expect(court.deliver(own, to: 0) == .duplicated)
  }

  @Test func `what one publisher said to both rooms keeps its order, however it is recognised`() {
    for learns in [true, false] {
      var court = OwnCourt(listeners: 2)
      let wire = Array("chunk of message 0".utf8)
      let own = court.publish(0, lane: 1)
      let shared = court.publish(0, lane: 0)
      // The other listener is sent it first, so the first one's may be recognised.
      court.deliver(shared, to: 1)
      if learns {
        court.judge.learn(wire.span, from: 1)
        let end = court.judge.takeExpected(0, wire.span, from: 0, moment: 5) { _ in }
        #expect(end == wire.count)
      } else {
        court.deliver(shared, to: 0)
      }
      #expect(court.deliver(own, to: 0) == .reordered)
      court.judge.finish([1, 1, 0])
      let tally = court.judge.tally
      #expect(tally.reordered == 1 && tally.missing == 0 && tally.delivered == 3, "\(learns)")
      #expect(court.judge.offenders[0].text.contains("published later"))
    }
  }

  @Test func `a recognised message that a later one of the other room overtook is decoded`() {
    var court = OwnCourt(listeners: 2)
    let wire = Array("chunk of message 0".utf8)
    let shared = court.publish(0, lane: 0)
    let own = court.publish(0, lane: 1)
    court.deliver(shared, to: 1)
    court.judge.learn(wire.span, from: 1)
    court.deliver(own, to: 0)
    #expect(court.judge.takeExpected(0, wire.span, from: 0, moment: 5) { _ in } == 0)
    #expect(court.deliver(shared, to: 0) == .reordered)
  }

  @Test func `different publishers may overtake each other`() {
    var court = OwnCourt(listeners: 1, publishers: 2)
    let own = court.publish(0, lane: 3)
    let shared = court.publish(0, lane: 0)
    #expect(court.deliver(shared, to: 0) == .delivered)
    #expect(court.deliver(own, to: 0) == .delivered)
    court.judge.finish([1, 0, 0, 1])
    #expect(court.judge.tally.isClean)
  }

  @Test func `a hole is counted in the room it is in`() {
    var court = OwnCourt(listeners: 1)
    for number in [0, 2] { court.deliver(court.publish(number, lane: 0), to: 0) }
    for number in [0, 1] { court.deliver(court.publish(number, lane: 1), to: 0) }
    #expect(court.judge.isComplete([3, 2]))
    court.judge.finish([3, 2])
    #expect(court.judge.tally.missing == 1 && court.judge.tally.delivered == 4)
    #expect(court.judge.offenders[0].text.hasSuffix("of publisher 0 in the shared room"))
  }

  @Test func `a gap excuses the next message of either room, once`() {
    var court = OwnCourt(listeners: 1)
    court.judge.noteGap(0, excuses: true)
    court.deliver(court.publish(2, lane: 0), to: 0)
    court.deliver(court.publish(3, lane: 1), to: 0)
    court.deliver(court.publish(4, lane: 0), to: 0)
    court.judge.finish([5, 4])
    #expect(court.judge.tally.gapped == 5 && court.judge.tally.missing == 1)
  }

  @Test func `one that leaves and joins is owed both rooms anew`() {
    var court = OwnCourt(listeners: 1)
    court.deliver(court.publish(0, lane: 0), to: 0)
    court.judge.leave(0)
    court.judge.open(0, .joining(at: 1015))
    for (number, lane) in [(1, 0), (0, 1)] {
      let moment = UInt64(1010 + 10 * (1 + lane))
      court.judge.noteSent(lane: lane, number: number, at: moment)
    }
    #expect(!court.judge.isComplete([2, 1]))
    court.judge.finish([2, 1])
    #expect(court.judge.tally.missing == 2)
  }

  @Test func `the id to come back with is that of the last message of either room`() {
    var court = OwnCourt(listeners: 2)
    let wire = Array("chunk of message 0".utf8)
    let shared = court.publish(0, lane: 0)
    let verdict = court.judge.judge(1, shared, eventID: "a-1", namesID: true, moment: 5) { _ in }
    #expect(verdict == .delivered)
    court.judge.learn(wire.span, from: 1)
    _ = court.judge.takeExpected(0, wire.span, from: 0, moment: 5) { _ in }
    #expect(court.judge.lastEventID(of: 0) == "a-1")
    let own = court.publish(0, lane: 1)
    _ = court.judge.judge(0, own, eventID: "a-2", namesID: true, moment: 6) { _ in }
    #expect(court.judge.lastEventID(of: 0) == "a-2")
  }
}
