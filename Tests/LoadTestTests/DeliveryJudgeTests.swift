import LoadTest
import TestSupport
import Testing

/// A judge, and the messages that a run would publish.
private struct Court {
  var judge: DeliveryJudge
  var latencies: [UInt64] = []
  let run: UInt64 = 77
  let publishers: Int

  init(
    listeners: Int = 3, rooms: Int = 1, publishers: Int = 1, names: [Int]? = nil,
    knowsSent: Bool = false
  ) {
    self.publishers = publishers
    judge = DeliveryJudge(
      run: 77, rooms: (0..<listeners).map { $0 % rooms }, roomCount: rooms, publishers: publishers,
      names: names, knowsSent: knowsSent)
    for listener in 0..<listeners { judge.open(listener, .beginning) }
  }

  static func text(_ number: Int, lane: Int = 0, run: UInt64 = 77) -> [UInt8] {
    Message(run: run, lane: lane, number: number, due: 1000, sent: UInt64(2000 + number))
      .text(size: 80)
  }

  @discardableResult
  mutating func deliver(
    _ number: Int, to listener: Int, lane: Int = 0
  ) -> DeliveryJudge.Verdict {
    deliver(Self.text(number, lane: lane), to: listener)
  }

  @discardableResult
  mutating func deliver(
    _ text: [UInt8], to listener: Int, id: String = "", namesID: Bool = false,
    at moment: UInt64 = 5000
  ) -> DeliveryJudge.Verdict {
    var latency: UInt64?
    let verdict = judge.judge(
      listener, text, eventID: id, namesID: namesID, moment: moment
    ) { latency = $0 }
    if let latency { latencies.append(latency) }
    return verdict
  }

  /// The tally once so many were published by each publisher.
  mutating func tally(_ counts: Int...) -> Tally {
    judge.finish(counts)
    return judge.tally
  }
}

@Suite struct DeliveryJudgeTests {
  @Test func `all in turn is all well`() {
    var court = Court()
    for number in 0..<5 { for listener in 0..<3 { court.deliver(number, to: listener) } }
    #expect(court.judge.isComplete([5]))
    let tally = court.tally(5)
    #expect(tally.isClean && tally.delivered == 15)
    #expect(court.latencies == Array(repeating: 4000, count: 15))
  }

  @Test func `one left out in the middle is missing`() {
    var court = Court()
    for number in 0..<5 {
      for listener in 0..<3 where (number, listener) != (2, 1) {
        court.deliver(number, to: listener)
      }
    }
    #expect(court.judge.isComplete([5]))
    let tally = court.tally(5)
    #expect(tally.missing == 1 && tally.delivered == 14)
    #expect(tally.duplicated == 0 && tally.reordered == 0)
    #expect(
      court.judge.offenders.map(\.text) == ["listener 1 did not get message 2 of publisher 0"])
  }

  @Test func `the last one left out is missing`() {
    var court = Court()
    for number in 0..<5 { court.deliver(number, to: 0) }
    for number in 0..<4 { court.deliver(number, to: 1) }
    #expect(!court.judge.isComplete([5]))
    #expect(court.tally(5).missing == 1 + 5)
  }

  @Test func `one that nobody gets is missing for everybody`() {
    var court = Court()
    for number in [0, 1, 3, 4] { for listener in 0..<3 { court.deliver(number, to: listener) } }
    let tally = court.tally(5)
    #expect(tally.missing == 3 && tally.reordered == 0 && tally.delivered == 12)
  }

  @Test func `two swapped are one reordered, whoever gets them first`() {
    for culprit in 0..<3 {
      var court = Court()
      for listener in 0..<3 {
        for number in listener == culprit ? [0, 2, 1, 3] : [0, 1, 2, 3] {
          court.deliver(number, to: listener)
        }
      }
      let tally = court.tally(4)
      #expect(tally.reordered == 1 && tally.missing == 0 && tally.duplicated == 0, "\(culprit)")
      #expect(tally.delivered == 12)
    }
  }

  @Test func `the same once more is duplicated, also long after`() {
    var court = Court()
    for number in 0..<5 { court.deliver(number, to: 0) }
    #expect(court.deliver(4, to: 0) == .duplicated)
    #expect(court.deliver(0, to: 0) == .duplicated)
    court.judge.leave(1)
    court.judge.leave(2)
    let tally = court.tally(5)
    #expect(tally.duplicated == 2 && tally.delivered == 5 && tally.missing == 0)
  }

  @Test func `a late one that comes twice is reordered and duplicated`() {
    var court = Court(listeners: 1)
    for number in [0, 2, 1, 1, 3] { court.deliver(number, to: 0) }
    let tally = court.tally(4)
    #expect(tally.reordered == 1 && tally.duplicated == 1 && tally.missing == 0)
  }

  @Test func `any altered byte is corruption, and not missing as well`() {
    let good = Court.text(1)
    for index in good.indices {
      var court = Court(listeners: 1)
      var bad = good
      bad[index] ^= 1
      court.deliver(0, to: 0)
      #expect(court.deliver(bad, to: 0) == .corrupted, "\(index)")
      court.deliver(2, to: 0)
      let tally = court.tally(3)
      #expect(tally.corrupted == 1 && tally.missing == 0 && tally.delivered == 2, "\(index)")
    }
  }

  @Test func `what stands around a message is part of it, but for its digits`() {
    var court = Court(listeners: 1)
    let lines = (0..<4).map { String(decoding: Court.text($0), as: UTF8.self) }
    #expect(court.deliver(Array("[10:59:59] a: \(lines[0])".utf8), to: 0) == .delivered)
    #expect(court.deliver(Array("[11:00:00] a: \(lines[1])".utf8), to: 0) == .delivered)
    #expect(court.deliver(Array("[11:00:00] b: \(lines[2])".utf8), to: 0) == .corrupted)
    #expect(court.deliver(Array("[11:00:00] a: \(lines[3])!".utf8), to: 0) == .corrupted)
  }

  @Test func `a message of another run proves nothing`() {
    var court = Court(listeners: 1)
    #expect(court.deliver(Court.text(0, run: 78), to: 0) == .stale)
    let tally = court.tally(0)
    #expect(tally.stale == 1 && tally.isClean && tally.delivered == 0)
  }

  @Test func `a message of another room is foreign, and stands in for none that is missing`() {
    var court = Court(listeners: 2, rooms: 2)
    #expect(court.deliver(0, to: 0, lane: 1) == .foreign)
    #expect(court.deliver(0, to: 1, lane: 1) == .delivered)
    let tally = court.tally(1, 1)
    #expect(tally.foreign == 1 && tally.missing == 1 && tally.corrupted == 0 && !tally.isClean)
    #expect(court.judge.offenders[0].text.contains("does not follow that room"))
  }

  @Test func `a lane that the load does not have is corruption`() {
    var court = Court(listeners: 2, rooms: 2)
    #expect(court.deliver(0, to: 0, lane: 2) == .corrupted)
  }

  @Test func `between publishers any order is right, if it is one for all`() {
    var court = Court(listeners: 2, publishers: 2)
    for (lane, number) in [(0, 0), (1, 0), (1, 1), (0, 1)] {
      court.deliver(number, to: 0, lane: lane)
    }
    for (lane, number) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
      court.deliver(number, to: 1, lane: lane)
    }
    let tally = court.tally(2, 2)
    #expect(tally.reordered == 1 && tally.missing == 0 && tally.delivered == 8)
  }

  @Test func `one of several publishers left out is missing, and makes nothing else wrong`() {
    var court = Court(listeners: 2, publishers: 2)
    let order = [(0, 0), (1, 0), (0, 1), (1, 1), (0, 2)]
    for (lane, number) in order { court.deliver(number, to: 0, lane: lane) }
    for (lane, number) in order where (lane, number) != (1, 0) {
      court.deliver(number, to: 1, lane: lane)
    }
    let tally = court.tally(3, 2)
    #expect(tally.missing == 1 && tally.reordered == 0 && tally.duplicated == 0)
  }

  @Test func `a gap that was told of excuses the next jump where gaps are allowed`() {
    for excuses in [true, false] {
      var court = Court(listeners: 1)
      court.deliver(0, to: 0)
      court.judge.noteGap(0, excuses: excuses)
      for number in [5, 6, 8] { court.deliver(number, to: 0) }
      let tally = court.tally(9)
      #expect(tally.gaps == 1)
      #expect(tally.gapped == (excuses ? 4 : 0))
      #expect(tally.missing == (excuses ? 1 : 5))
    }
  }

  @Test func `a gap excuses nothing any more once its publisher's next message came in turn`() {
    for isTaken in [true, false] {
      var court = Court(listeners: 2)
      let wire = Array("chunk of message 0".utf8)
      court.deliver(0, to: 0)
      court.judge.learn(wire.span, from: 0)
      for number in 1..<3 { court.deliver(number, to: 0) }
      court.judge.noteGap(1, excuses: true)
      if isTaken {
        #expect(
          court.judge.takeExpected(1, wire.span, from: 0, moment: 1500) { _ in } == wire.count)
      } else {
        court.deliver(0, to: 1)
      }
      court.deliver(2, to: 1)
      let tally = court.tally(3)
      #expect(tally.missing == 1 && tally.gapped == 0, "\(isTaken)")
    }
  }

  @Test func `after a gap what follows is still waited for, and excused if it never comes`() {
    var court = Court(listeners: 1)
    court.deliver(0, to: 0)
    court.judge.noteGap(0, excuses: true)
    #expect(!court.judge.isComplete([3]))
    let tally = court.tally(3)
    #expect(tally.gapped == 2 && tally.missing == 0)
  }

  @Test func `another id than others got is corruption, where ids come with messages`() {
    for namesID in [true, false] {
      var court = Court(listeners: 2)
      court.deliver(Court.text(0), to: 0, id: "a-1", namesID: namesID)
      let verdict = court.deliver(Court.text(0), to: 1, id: "a-2", namesID: namesID)
      #expect(verdict == (namesID ? .corrupted : .delivered))
      let tally = court.tally(1)
      // It has it all the same.
      #expect(tally.delivered == 2 && tally.missing == 0 && tally.corrupted == (namesID ? 1 : 0))
    }
  }

  @Test func `a message under another type is corruption, another's event is not`() {
    var court = Court(listeners: 1)
    #expect(
      court.judge.judgeOther(0, type: "messagf", Court.text(0), moment: 1) == .corrupted)
    #expect(court.judge.judgeOther(0, type: "ping", Array("{}".utf8), moment: 1) == .stale)
    let tally = court.tally(1)
    #expect(tally.corrupted == 1 && tally.missing == 0)
  }

  @Test func `a message that nobody published is corruption`() {
    var informed = Court(listeners: 1, knowsSent: true)
    informed.judge.noteSent(lane: 0, number: 0, at: 2000)
    #expect(informed.deliver(0, to: 0) == .delivered)
    #expect(informed.deliver(1, to: 0) == .corrupted)
    #expect(informed.deliver(1 << 29, to: 0) == .corrupted)
    // Who does not publish hears of it in the end.
    var remote = Court(listeners: 1)
    #expect(remote.deliver(1 << 29, to: 0) == .corrupted)
    #expect(remote.deliver(0, to: 0) == .delivered)
    #expect(remote.deliver(1, to: 0) == .delivered)
    remote.judge.finish([1], attempted: [1])
    #expect(remote.judge.tally.corrupted == 2 && remote.judge.tally.delivered == 1)
  }

  @Test func `offenders are named by their numbers in the whole load, with the moment`() {
    var court = Court(listeners: 2, names: [5, 8])
    court.deliver(Court.text(0), to: 1, at: 6000)
    court.deliver(Court.text(0), to: 1, at: 7000)
    #expect(
      court.judge.offenders
        == [Offender(moment: 7000, text: "listener 8 got message 0 of publisher 0 twice")])
  }

  @Test func `what a joiner is sent of earlier times says nothing of latency`() {
    var court = Court(listeners: 2)
    let wire = Array("chunk of message 1".utf8)
    for number in 0..<2 { court.deliver(number, to: 0) }
    court.judge.learn(wire.span, from: 0)
    court.latencies = []
    court.judge.open(1, .joining(at: 3000))
    court.deliver(0, to: 1)
    #expect(
      court.judge.takeExpected(1, wire.span, from: 0, moment: 4000) { _ in
        Issue.record("a latency was counted")
      } == wire.count)
    #expect(court.latencies.isEmpty)
    #expect(court.tally(2).delivered == 4)
  }

  @Test func `who joins is owed what was published after that`() {
    var court = Court(listeners: 2)
    for number in 0..<4 {
      court.judge.noteSent(lane: 0, number: number, at: UInt64(2000 + number))
      court.deliver(number, to: 0)
    }
    // Message 2 was sent at 2002.
    court.judge.open(1, .joining(at: 2001))
    #expect(!court.judge.isComplete([4]))
    var early = court
    early.deliver(1, to: 1)
    early.deliver(2, to: 1)
    early.deliver(3, to: 1)
    #expect(early.judge.isComplete([4]))
    #expect(early.tally(4).isClean)
    var late = court
    late.deliver(3, to: 1)
    #expect(late.tally(4).missing == 1)
    #expect(court.tally(4).missing == 2)
  }

  @Test func `who leaves is owed nothing that was on its way, but all before that`() {
    var court = Court(listeners: 1)
    for number in [0, 1, 3] { court.deliver(number, to: 0) }
    court.judge.leave(0)
    #expect(court.judge.isComplete([10]))
    #expect(court.tally(10).missing == 1)
  }

  @Test func `bytes that are known are taken without being read`() {
    var court = Court(listeners: 3)
    let wire = Array("chunk of message 0".utf8)
    court.deliver(0, to: 0)
    court.judge.learn(wire.span, from: 0)
    var latencies: [UInt64] = []
    let end = court.judge.takeExpected(1, (wire + wire).span, from: 0, moment: 1500) {
      latencies.append($0)
    }
    #expect(end == wire.count && latencies == [500])
    // What it has already is not expected again.
    let again = court.judge.takeExpected(1, wire.span, from: 0, moment: 1500) { _ in }
    #expect(again == 0)
    var other = wire
    other[3] ^= 1
    #expect(court.judge.takeExpected(2, other.span, from: 0, moment: 1500) { _ in } == 0)
    #expect(
      court.judge.takeExpected(2, wire.span.extracting(0..<5), from: 0, moment: 1) { _ in } == 0)
    #expect(court.judge.takeExpected(2, wire.span, from: 0, moment: 1) { _ in } == wire.count)
    #expect(court.tally(1).isClean)
  }

  /// Deliveries are garbled at random, and counted by what was done to them.
  @Test(arguments: 0..<40)
  func `any mixture of faults is counted for what it is`(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let publishers = Int.random(in: 1...3, using: &random)
    var court = Court(listeners: 4, publishers: publishers)
    let order = (0..<60).map { (lane: $0 % publishers, number: $0 / publishers) }
    var dropped = 0
    var doubled = 0
    var swapped = 0
    var altered = 0
    // The first listener is always served well, so that it sets the order.
    for listener in 0..<4 {
      var index = 0
      while index < order.count {
        let (lane, number) = order[index]
        let chance = listener == 0 ? 99 : Int.random(in: 0..<100, using: &random)
        switch chance {
        case 0..<5: dropped += 1
        case 5..<10:
          doubled += 1
          court.deliver(number, to: listener, lane: lane)
          court.deliver(number, to: listener, lane: lane)
        case 10..<15 where index + 1 < order.count:
          swapped += 1
          let next = order[index + 1]
          court.deliver(next.number, to: listener, lane: next.lane)
          court.deliver(number, to: listener, lane: lane)
          index += 1
        case 15..<20:
          altered += 1
          var text = Court.text(number, lane: lane)
          text[Int.random(in: text.indices, using: &random)] ^= 1
          court.deliver(text, to: listener)
        default: court.deliver(number, to: listener, lane: lane)
        }
        index += 1
      }
    }
    let counts = (0..<publishers).map { lane in order.count { $0.lane == lane } }
    court.judge.finish(counts)
    let tally = court.judge.tally
    #expect(tally.missing == dropped)
    #expect(tally.duplicated == doubled)
    #expect(tally.reordered == swapped)
    #expect(tally.corrupted == altered)
    #expect(tally.delivered == 240 - dropped - altered)
  }
}

@Suite struct MessageOrderTests {
  private func order(_ messages: (Int32, Int32)...) -> MessageOrder {
    var order = MessageOrder()
    for (publisher, number) in messages { order.append(publisher: publisher, number: number) }
    return order
  }

  @Test func `what stands behind one that others have after it is found`() {
    let one = order((0, 0), (1, 0), (0, 1), (1, 1))
    #expect(one.differences(from: one).count == 0)
    // What one of them has not does no harm.
    #expect(order((0, 0), (0, 1), (1, 1), (2, 7)).differences(from: one).count == 0)
    let (count, first) = order((0, 0), (0, 1), (1, 0), (1, 1)).differences(from: one)
    #expect(count == 1 && first == "message 0 of publisher 1")
  }
}
