/// Nodes of 0.1.0 on this Redis, which have another layout: their listeners and ours would each get the messages
/// of their own. So this node waits until none is left, and gives up when they stay.
struct RedisEarlierNodes {
  typealias Instant = ContinuousClock.Instant

  enum Verdict: Equatable {
    /// There is none, and nobody asks again.
    case clear
    case wait
    case giveUp
  }

  /// How long they are waited for. One that has ended is believed to live for another 15 s.
  static let patience = Duration.seconds(20)
  /// How often they are counted meanwhile.
  private static let interval = Duration.seconds(1)

  /// How many of them don't count.
  private let spared: Int
  /// When they were found first.
  private var since: Instant?
  private var nextCount: Instant?
  /// They need not be looked for any more.
  private(set) var isClear: Bool

  /// Whether there are any, as far as is known.
  var areFound: Bool { !isClear && since != nil }

  /// - Parameters:
  ///   - areWanted: whether there is anything to look for.
  ///   - spared: a server that this one takes over from is there until this one is ready.
  init(areWanted: Bool = true, spared: Int = 0) {
    isClear = !areWanted
    self.spared = spared
  }

  /// Whether they are to be counted now.
  mutating func isCountDue(now: Instant) -> Bool {
    guard !isClear, nextCount.map({ now >= $0 }) ?? true else { return false }
    // Not later than patience ends.
    nextCount = min(now + Self.interval, (since ?? now) + Self.patience)
    return true
  }

  /// The connection is another one: they are to be counted on it.
  mutating func connected() { nextCount = nil }

  /// So many live.
  mutating func counted(_ count: UInt64, now: Instant) -> Verdict {
    guard count > spared else {
      isClear = true
      return .clear
    }
    let since = since ?? now
    self.since = since
    return now - since < Self.patience ? .wait : .giveUp
  }
}
