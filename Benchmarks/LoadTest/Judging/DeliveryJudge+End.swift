extension DeliveryJudge {
  /// Whether every listener that is there has got past everything it must be sent. A gap that was told
  /// of says nothing of the messages that follow it.
  ///
  /// - Parameter counts: by lane, how many messages were published.
  package func isComplete(_ counts: [Int]) -> Bool {
    for listener in listeners where joined[listener] != Self.absent {
      for subscription in subscriptions(of: listener) {
        for publisher in 0..<publishers {
          let lane = rooms[subscription] * publishers + publisher
          let reached = Int(next[subscription * publishers + publisher])
          guard reached < counts[lane] else { continue }
          guard reached < 0 else { return false }
          if firstRequired(listener, lane, below: counts[lane]) < counts[lane] { return false }
        }
      }
    }
    return true
  }

  /// Counts what is missing, once nothing more will come.
  ///
  /// - Parameter counts: by lane, how many messages were answered, and so have to arrive.
  /// - Parameter attempted: by lane, how many were published at all; nil where nobody knows.
  package mutating func finish(_ counts: [Int], attempted: [Int]? = nil) {
    for listener in listeners where joined[listener] != Self.absent {
      if let attempted { refuseBeyond(attempted, listener) }
      settle(listener, expected: counts)
      joined[listener] = Self.absent
    }
  }

  /// Counts what a listener was sent although nobody had published it.
  private mutating func refuseBeyond(_ attempted: [Int], _ listener: Int) {
    for subscription in subscriptions(of: listener) {
      for publisher in 0..<publishers {
        let lane = rooms[subscription] * publishers + publisher
        let reached = Int(next[subscription * publishers + publisher])
        guard reached > attempted[lane] else { continue }
        tally.corrupted += 1
        tally.delivered -= 1
        blame("\(name(listener)) got \(words(reached - 1, lane)), which was never published")
      }
    }
  }

  /// - Parameter expected: by lane, how many were published; nil when only what came before something
  ///   else that did come can be missing.
  mutating func settle(_ listener: Int, expected counts: [Int]?) {
    var lacking = 0
    var first: (hole: Holes.Hole, room: Int)?
    for subscription in subscriptions(of: listener) {
      let holes = lack(listener, subscription, expected: counts)
      lacking += holes.count
      if first == nil, let hole = holes.all.first { first = (hole, rooms[subscription]) }
    }
    let missing = max(0, lacking - (damaged.removeValue(forKey: listener) ?? 0))
    tally.missing += missing
    guard missing > 0, let (hole, room) = first else { return }
    let numbers = hole.numbers
    let which =
      numbers.count == 1
      ? "message \(numbers.lowerBound)"
      : "messages \(numbers.lowerBound) to \(numbers.upperBound - 1)"
    blame(
      "\(name(listener)) did not get \(which) of publisher \(hole.publisher)"
        + roomWords(ofLane: room * publishers + hole.publisher)
        + (missing > numbers.count ? ", and \(missing - numbers.count) more" : ""))
  }

  /// What a listener lacks in one of its rooms.
  private mutating func lack(
    _ listener: Int, _ subscription: Int, expected counts: [Int]?
  ) -> Holes {
    var lacking = holes.removeValue(forKey: subscription) ?? Holes()
    for publisher in 0..<publishers {
      let lane = rooms[subscription] * publishers + publisher
      let reached = Int(next[subscription * publishers + publisher])
      if let count = counts?[lane], reached >= 0, reached < count {
        if excused[subscription]?.contains(publisher) == true {
          tally.gapped += count - reached
        } else {
          lacking.add(publisher, reached..<count)
        }
      } else if let count = counts?[lane], reached < 0 {
        lacking.add(publisher, firstRequired(listener, lane, below: count)..<count)
      }
    }
    excused[subscription] = nil
    return lacking
  }

  /// By lane and number: when the last listener here got it, nanoseconds after it was due; 0 for never.
  package func lastDelays(_ counts: [Int]) -> [[UInt64]] {
    var delays = counts.map { [UInt64](repeating: 0, count: $0) }
    for (room, log) in logs.enumerated() {
      for entry in log.entries where entry.last > entry.due {
        let lane = room * publishers + Int(entry.publisher)
        let number = Int(entry.number)
        if number < counts[lane] { delays[lane][number] = entry.last - entry.due }
      }
    }
    return delays
  }
}
