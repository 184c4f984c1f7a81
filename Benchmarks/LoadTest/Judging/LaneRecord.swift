/// What is known of the messages of one lane: when each was published, and which place it has in the
/// room's log.
struct LaneRecord: Sendable {
  /// How far beyond the last one known a number may lie where nobody here publishes: a forged one must
  /// not fill the memory.
  static let maximumJump = 1 << 20

  /// By number: when it was published; 0 where nobody here knows.
  private(set) var sent: [UInt64] = []
  /// By number: the position in the log, or -1.
  private var places: [Int32] = []

  /// One more than the last number that has a place in the log.
  var placedEnd: Int { places.count }

  mutating func noteSent(_ number: Int, at moment: UInt64) {
    Self.set(&sent, number, moment, filler: 0)
  }

  /// The position of a message in the log; nil while it has none.
  func place(of number: Int) -> Int? {
    guard number < places.count, places[number] >= 0 else { return nil }
    return Int(places[number])
  }

  mutating func setPlace(of number: Int, to position: Int) {
    Self.set(&places, number, Int32(position), filler: -1)
  }

  /// The first message, below `count`, that was published after `moment` as all were that follow it;
  /// `count` for none.
  func firstSent(after moment: UInt64, below count: Int) -> Int {
    var first = count
    for number in (0..<min(count, sent.count)).reversed() where sent[number] > 0 {
      guard sent[number] > moment else { break }
      first = number
    }
    return first
  }

  private static func set<Value>(
    _ array: inout [Value], _ index: Int, _ value: Value, filler: Value
  ) {
    if index == array.count {
      array.append(value)
    } else {
      while array.count <= index { array.append(filler) }
      array[index] = value
    }
  }
}
