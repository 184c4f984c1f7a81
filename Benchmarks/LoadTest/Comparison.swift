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

  package init() {}

  /// Those that were tried, in their usual order.
  package var peers: [Peer] {
    Peer.allCases.filter { peer in rounds.contains { $0.peer == peer } }
  }

  /// Whether every server that is there was measured in every round, and found right.
  package var isClean: Bool {
    !rounds.isEmpty && rounds.allSatisfy { $0.report?.isClean == true }
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

  /// The rival whose median is least.
  func bestRival(_ figure: (Report) -> Double?) -> Peer? {
    let rivals = peers.filter(\.isRival).compactMap { peer in
      median(peer, figure).map { (peer, $0) }
    }
    return rivals.min { $0.1 < $1.1 }?.0
  }

  // MARK: As a table

  private static func cost(_ report: Report) -> Double? { report.server?.cpuUsPerDelivery }

  /// Medians as a Markdown table, the ratios beside them.
  package var markdown: String {
    let best = bestRival(Self.cost)
    let bestName = best.map { "÷ \($0.rawValue)" } ?? "÷ best rival"
    var rows = [
      [
        "", "CPU per delivery", "÷ floor", bestName, "deliveries/s", "latency p50", "p99",
        "streams opened/s", "memory per listener", "verdict",
      ]
    ]
    for peer in peers { rows.append(row(peer, best)) }
    var text = ""
    for (index, row) in rows.enumerated() {
      text += "| \(row.joined(separator: " | ")) |\n"
      if index == 0 { text += "|\(String(repeating: " --- |", count: row.count))\n" }
    }
    for peer in Peer.allCases {
      if let reason = absent[peer] { text += "\n- \(peer.title): not measured; \(reason)" }
    }
    var told: Set<String> = []
    for round in rounds {
      let remarks = [round.problem].compactMap { $0 } + (round.report?.warnings ?? [])
      for remark in remarks where told.insert("\(round.peer)\(remark.prefix(40))").inserted {
        text += "\n- \(round.peer.title), round \(round.round + 1): \(remark)"
      }
    }
    return text.hasSuffix("\n") ? text : text + "\n"
  }

  private func row(_ peer: Peer, _ best: Peer?) -> [String] {
    func shown(_ unit: String, _ decimals: Int, _ figure: (Report) -> Double?) -> String {
      let values = values(peer, figure).values.sorted()
      guard let median = Self.median(values), let least = values.first, let most = values.last
      else { return "–" }
      let span = "(\(Text.fixed(least, decimals))..\(Text.fixed(most, decimals)))"
      return "\(Text.fixed(median, decimals))\(unit) \(span)"
    }
    func divided(by other: Peer?) -> String {
      other.flatMap { ratio(peer, to: $0, Self.cost) }.map { Text.fixed($0, 2) } ?? "–"
    }
    return [
      peer.title, shown(" µs", 2, Self.cost), divided(by: .floor), divided(by: best),
      shown("", 0) { $0.deliveriesPerSecond }, shown(" ms", 1) { $0.latencyMs.p50 },
      shown(" ms", 1) { $0.latencyMs.p99 }, shown("", 0) { $0.connectPerSecond },
      shown(" B", 0) { $0.server?.bytesPerListener }, verdict(peer),
    ]
  }

  private func verdict(_ peer: Peer) -> String {
    let mine = rounds.filter { $0.peer == peer }
    if mine.allSatisfy({ $0.report?.isClean == true }) { return "all right" }
    let failed = mine.count { $0.report == nil || $0.report?.failure != nil }
    var faults: [String] = failed > 0 ? ["failed in \(failed) of \(mine.count) rounds"] : []
    let kinds: [(String, (Report) -> Int)] = [
      ("missing", { $0.missing }), ("duplicated", { $0.duplicated }),
      ("reordered", { $0.reordered }), ("corrupted", { $0.corrupted }),
    ]
    for (name, count) in kinds {
      let sum = mine.reduce(0) { $0 + ($1.report.map(count) ?? 0) }
      if sum > 0 { faults.append("\(Text.grouped(sum)) \(name)") }
    }
    return "**" + faults.joined(separator: ", ") + "**"
  }
}
