/// How many connections may be open that are not streams, and which go when there are more.
///
/// The longest in its present step goes: waiting for a request, receiving one, reading its answer.
/// Newcomers are let in instead of refused, since to refuse them would let those who say nothing
/// keep out those who do: a real client needs a place for some milliseconds, and whoever wants to
/// take it away has to open `total` connections in that time, again and again. What waits for an
/// answer of ours stays: its client can do nothing about that.
struct ConnectionBounds {
  struct Candidate {
    /// When its present step began.
    var since: ContinuousClock.Instant
    /// Who it is counted for; nil: nobody.
    var address: UInt32?
    /// It is not waiting for us.
    var isEvictable: Bool
  }

  /// At most so many in all.
  var total: Int
  /// At most so many of one address; 0 is no bound.
  var perAddress: Int

  /// Which of `candidates` have to go, by their places there, those of too large addresses apart.
  func victims(of candidates: [Candidate]) -> (ofAddresses: [Int], ofAll: [Int]) {
    let order = candidates.indices.sorted { candidates[$0].since < candidates[$1].since }
    var ofAddresses: [Int] = []
    if perAddress > 0 {
      var counts: [UInt32: Int] = [:]
      for candidate in candidates {
        if let address = candidate.address { counts[address, default: 0] += 1 }
      }
      for place in order where candidates[place].isEvictable {
        guard let address = candidates[place].address, let count = counts[address],
          count > perAddress
        else { continue }
        counts[address] = count - 1
        ofAddresses.append(place)
      }
    }
    let gone = Set(ofAddresses)
    let excess = max(0, candidates.count - gone.count - total)
    let others = order.lazy.filter { candidates[$0].isEvictable && !gone.contains($0) }
    return (ofAddresses, Array(others.prefix(excess)))
  }
}
