/// What several servers came to under the same load, in several rounds.
package struct Comparison: Codable, Sendable {
  /// One round of one server.
  package struct Round: Codable, Sendable {
    package var peer: Peer
    /// From 0.
    package var round: Int
    /// Nil when the load could not begin.
    package var report: Report?
    /// Why not.
    package var problem: String?

    package init(peer: Peer, round: Int, report: Report?, problem: String? = nil) {
      self.peer = peer
      self.round = round
      self.report = report
      self.problem = problem
    }
  }

  package var rounds: [Round] = []
  /// Servers that were not measured, and what would have to be installed.
  package var absent: [Peer: String] = [:]
  /// What each server is, in which version.
  package var versions: [Peer: String] = [:]
  package var machine: Machine?
  package var command = ""
  /// Why it ended before its last round; nil when it did not.
  package var failure: String?

  package init() {}

  /// Those that were tried, in their usual order.
  package var peers: [Peer] {
    Peer.allCases.filter { peer in rounds.contains { $0.peer == peer } }
  }

  /// Whether every server that is there was measured in every round, and found right.
  package var isClean: Bool {
    failure == nil && !rounds.isEmpty && rounds.allSatisfy { $0.report?.isClean == true }
  }

  // MARK: Figures

  /// Values of one figure, round by round.
  func values(_ peer: Peer, _ figure: (Report) -> Double?) -> [Int: Double] {
    var values: [Int: Double] = [:]
    for round in rounds where round.peer == peer {
      if let value = round.report.flatMap(figure) { values[round.round] = value }
    }
    return values
  }

  func median(_ peer: Peer, _ figure: (Report) -> Double?) -> Double? {
    Self.median(Array(values(peer, figure).values))
  }

  /// The median over the rounds of one server's figure divided by another's in the same round.
  func ratio(_ peer: Peer, to other: Peer, _ figure: (Report) -> Double?) -> Double? {
    let mine = values(peer, figure)
    let theirs = values(other, figure)
    return Self.median(
      mine.compactMap { round, value in
        theirs[round].flatMap { $0 > 0 ? value / $0 : nil }
      })
  }

  static func median(_ values: [Double]) -> Double? {
    guard !values.isEmpty else { return nil }
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1
      ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  /// The rival whose median is best.
  ///
  /// - Parameter isGreater: whether the greatest is.
  func bestRival(isGreater: Bool = false, _ figure: (Report) -> Double?) -> Peer? {
    let rivals = peers.filter(\.isRival).compactMap { peer in
      median(peer, figure).map { (peer, $0) }
    }
    return rivals.min { isGreater ? $0.1 > $1.1 : $0.1 < $1.1 }?.0
  }

  func verdict(_ peer: Peer) -> String {
    let mine = rounds.filter { $0.peer == peer }
    if mine.allSatisfy({ $0.report?.isClean == true }) { return "all right" }
    let failed = mine.count { $0.report == nil || $0.report?.failure != nil }
    var faults: [String] = failed > 0 ? ["failed in \(failed) of \(mine.count) rounds"] : []
    let kinds: [(String, (Report) -> Int)] = [
      ("missing", { $0.missing }), ("duplicated", { $0.duplicated }),
      ("reordered", { $0.reordered }), ("corrupted", { $0.corrupted }),
      ("foreign", { $0.foreign ?? 0 }),
    ]
    for (name, count) in kinds {
      let sum = mine.reduce(0) { $0 + ($1.report.map(count) ?? 0) }
      if sum > 0 { faults.append("\(Text.grouped(sum)) \(name)") }
    }
    return "**" + faults.joined(separator: ", ") + "**"
  }
}
