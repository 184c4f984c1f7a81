import TestSupport
import Testing

@testable import Reactor

@Suite struct ConnectionBoundsTests {
  private let start = ContinuousClock.now

  /// The oldest that may go, again and again, until nothing is too many.
  private func naive(
    _ candidates: [ConnectionBounds.Candidate], _ bounds: ConnectionBounds
  ) -> (Set<Int>, Set<Int>) {
    var left = Set(candidates.indices)
    func oldest(_ condition: (ConnectionBounds.Candidate) -> Bool) -> Int? {
      left.filter { candidates[$0].isEvictable && condition(candidates[$0]) }
        .min { candidates[$0].since < candidates[$1].since }
    }
    var (ofAddresses, ofAll): (Set<Int>, Set<Int>) = ([], [])
    for address in Set(candidates.compactMap(\.address)) where bounds.perAddress > 0 {
      while left.count(where: { candidates[$0].address == address }) > bounds.perAddress,
        let victim = oldest({ $0.address == address })
      {
        left.remove(victim)
        ofAddresses.insert(victim)
      }
    }
    while left.count > bounds.total, let victim = oldest({ _ in true }) {
      left.remove(victim)
      ofAll.insert(victim)
    }
    return (ofAddresses, ofAll)
  }

  @Test(arguments: 0..<100 as Range<UInt64>)
  func `those go that a slower reading of the rule says`(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let ages = (0..<Int.random(in: 0..<40, using: &random)).shuffled(using: &random)
    let candidates = ages.map { age in
      ConnectionBounds.Candidate(
        since: start + .milliseconds(age),
        address: UInt32.random(in: 0..<6, using: &random) % 5,
        isEvictable: Int.random(in: 0..<4, using: &random) > 0)
    }
    let bounds = ConnectionBounds(
      total: Int.random(in: 1..<40, using: &random),
      perAddress: Int.random(in: 0..<6, using: &random))
    let (ofAddresses, ofAll) = bounds.victims(of: candidates)
    let expected = naive(candidates, bounds)
    #expect(Set(ofAddresses) == expected.0 && Set(ofAll) == expected.1)
    #expect(ofAddresses.count + ofAll.count == Set(ofAddresses + ofAll).count)
  }

  @Test func `a newcomer goes only when all others wait for us`() {
    let busy = (0..<3).map {
      ConnectionBounds.Candidate(
        since: start + .seconds($0), address: nil, isEvictable: false)
    }
    let newcomer = ConnectionBounds.Candidate(
      since: start + .seconds(9), address: nil, isEvictable: true)
    let bounds = ConnectionBounds(total: 3, perAddress: 0)
    #expect(bounds.victims(of: busy + [newcomer]).ofAll == [3])
    var silent = busy
    silent[1].isEvictable = true
    #expect(bounds.victims(of: silent + [newcomer]).ofAll == [1])
    #expect(bounds.victims(of: busy).ofAll == [])
  }
}
