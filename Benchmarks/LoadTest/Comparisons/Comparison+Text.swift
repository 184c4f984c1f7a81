extension Comparison {
  /// One column of the table.
  private struct Figure {
    let name: String
    let unit: String
    let decimals: Int
    /// Whether more is better.
    var isGreater = false
    let value: @Sendable (Report) -> Double?
  }

  private static let cost = Figure(name: "CPU per delivery", unit: " µs", decimals: 2) {
    $0.server?.cpuUsPerDelivery
  }
  private static let ownCost = Figure(name: "load tool CPU", unit: " µs", decimals: 2) {
    $0.load.cpuUsPerDelivery
  }
  private static let others = [
    Figure(name: "deliveries/s", unit: "", decimals: 0, isGreater: true) {
      $0.delivered > 0 ? $0.deliveriesPerSecond : nil
    },
    Figure(name: "latency p50", unit: " ms", decimals: 1) {
      $0.delivered > 0 ? $0.latencyMs.p50 : nil
    },
    Figure(name: "p99", unit: " ms", decimals: 1) { $0.delivered > 0 ? $0.latencyMs.p99 : nil },
    Figure(name: "streams opened/s", unit: "", decimals: 0, isGreater: true) {
      $0.connectPerSecond
    },
    Figure(name: "memory per listener", unit: " B", decimals: 0) { $0.server?.bytesPerListener },
  ]

  /// Medians as a Markdown table, the ratios beside them and below, and what must be known of them.
  package var markdown: String {
    var text = Self.table([medianHead] + peers.map(medianRow))
    if peers.count > 1 { text += "\n" + Self.table([ratioHead] + peers.map(ratioRow)) }
    text += "\n"
    for note in notes { text += "- \(note)\n" }
    return text
  }

  private static func table(_ rows: [[String]]) -> String {
    var text = ""
    for (index, row) in rows.enumerated() {
      text += "| \(row.joined(separator: " | ")) |\n"
      if index == 0 { text += "|\(String(repeating: " --- |", count: row.count))\n" }
    }
    return text
  }

  // MARK: Medians

  private var medianHead: [String] {
    let best = bestRival(Self.cost.value).map { "÷ \($0.rawValue)" } ?? "÷ best rival"
    return ["", Self.cost.name, "÷ floor", best] + Self.others.map(\.name)
      + [Self.ownCost.name, "verdict"]
  }

  private func medianRow(_ peer: Peer) -> [String] {
    let best = bestRival(Self.cost.value)
    let ratios = [Peer.floor, best].map { ratio(peer, Self.cost, to: $0) }
    return [peer.title, shown(peer, Self.cost)] + ratios + Self.others.map { shown(peer, $0) }
      + [shown(peer, Self.ownCost), verdict(peer)]
  }

  private func shown(_ peer: Peer, _ figure: Figure) -> String {
    let values = values(peer, figure.value).values.sorted()
    guard let median = Self.median(values), let least = values.first, let most = values.last
    else { return "–" }
    let ends = [least, most].map { Text.fixed($0, figure.decimals) }
    return
      "\(Text.fixed(median, figure.decimals))\(figure.unit) (\(ends.joined(separator: "..")))"
  }

  // MARK: Ratios

  private func ratio(_ peer: Peer, _ figure: Figure, to other: Peer?) -> String {
    other.flatMap { ratio(peer, to: $0, figure.value) }.map { Text.fixed($0, 2) } ?? "–"
  }

  private var ratioHead: [String] {
    ["÷ floor, ÷ best rival"]
      + Self.others.map { figure in
        let best = bestRival(isGreater: figure.isGreater, figure.value)
        return "\(figure.name)\(best.map { " (best: \($0.rawValue))" } ?? "")"
      }
  }

  private func ratioRow(_ peer: Peer) -> [String] {
    [peer.title]
      + Self.others.map { figure in
        let best = bestRival(isGreater: figure.isGreater, figure.value)
        return [Peer.floor, best].map { ratio(peer, figure, to: $0) }.joined(separator: ", ")
      }
  }

  // MARK: What must be known

  private var notes: [String] {
    var notes = failure.map { ["**ended early: \($0)**"] } ?? []
    if let note = ownCostNote { notes.append(note) }
    for peer in Peer.allCases {
      if let reason = absent[peer] { notes.append("\(peer.title): not measured; \(reason)") }
    }
    var told: Set<String> = []
    for round in rounds {
      let remarks = [round.problem].compactMap { $0 } + (round.report?.warnings ?? [])
      for remark in remarks where told.insert("\(round.peer)\(remark.prefix(40))").inserted {
        notes.append("\(round.peer.title), round \(round.round + 1): \(remark)")
      }
    }
    let known = Peer.allCases.compactMap { peer in versions[peer].map { "\(peer.rawValue): \($0)" }
    }
    if !known.isEmpty { notes.append("versions: \(known.joined(separator: "; "))") }
    if let machine { notes.append("machine: \(machine.summary); \(machine.limits)") }
    if !command.isEmpty { notes.append("command: `\(command)`") }
    return notes
  }

  /// Whether the tool is cheaper than the cheapest server that can be: else it might be what was measured.
  private var ownCostNote: String? {
    guard let own = median(.floor, Self.ownCost.value), let floor = median(.floor, Self.cost.value)
    else { return nil }
    let figures =
      "\(Text.fixed(own, 2)) µs of CPU time per delivery of the floor, the floor itself "
      + "\(Text.fixed(floor, 2)) µs"
    return own < floor
      ? "The load tool spent \(figures): it did not limit these figures."
      : "**The load tool spent \(figures): it, not the servers, may have limited these figures.**"
  }
}
