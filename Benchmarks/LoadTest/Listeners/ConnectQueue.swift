/// Which streams are to be opened next, and when: at most so many are waited for at once, and so many
/// are begun in a second. No clock of its own: time is handed in, in nanoseconds.
package struct ConnectQueue: Sendable {
  /// How many may be waited for at once.
  private let maximumPending: Int
  /// How many are begun in a second; nil for as many as are answered.
  private let rate: Double?
  /// How many are waited for.
  private(set) var pending = 0
  /// Those to be opened, from `start` on.
  private var tokens: [Int] = []
  private var start = 0
  /// Those that wait before they come back.
  private var returning: [(moment: UInt64, token: Int)] = []
  private var began: UInt64 = 0
  /// How many were begun at `rate`.
  private var paced = 0

  package init(maximumPending: Int, rate: Double?) {
    self.maximumPending = maximumPending
    self.rate = rate
  }

  /// Begins with all of them; `rate` counts from here.
  package mutating func begin(_ tokens: Range<Int>, now: UInt64) {
    self.tokens = Array(tokens)
    began = now
  }

  package mutating func add(_ token: Int) { tokens.append(token) }

  /// - Parameter moment: it is not to be opened before.
  package mutating func add(_ token: Int, at moment: UInt64) { returning.append((moment, token)) }

  /// The next one to be begun, which then is waited for; nil for none just now.
  ///
  /// - Parameter isPaced: whether `rate` holds.
  package mutating func next(now: UInt64, isPaced: Bool) -> Int? {
    if !returning.isEmpty {
      for (moment, token) in returning where moment <= now { tokens.append(token) }
      returning.removeAll { $0.moment <= now }
    }
    guard start < tokens.count, pending < maximumPending else { return nil }
    if isPaced {
      guard !isHeldBack(now: now) else { return nil }
      paced += 1
    }
    let token = tokens[start]
    start += 1
    pending += 1
    if start == tokens.count {
      tokens.removeAll(keepingCapacity: true)
      start = 0
    }
    return token
  }

  /// Whether nothing but `rate` keeps the next one from being begun.
  package func isHeldBack(now: UInt64) -> Bool {
    guard let rate, start < tokens.count, pending < maximumPending else { return false }
    return Double(paced) > Double(now - began) / 1e9 * rate
  }

  /// One that `next` gave could not be begun yet: it is the next again.
  package mutating func putBack(_ token: Int) {
    pending -= 1
    if start > 0 {
      start -= 1
    } else {
      tokens.insert(token, at: 0)
    }
  }

  /// One that `next` gave has opened, or failed.
  package mutating func settle() { pending -= 1 }
}
