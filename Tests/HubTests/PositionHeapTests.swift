import TestSupport
import Testing

@testable import Hub

@Suite struct PositionHeapTests {
  private func drain(_ heap: inout PositionHeap<Int>) -> [UInt64] {
    var positions: [UInt64] = []
    while let (position, value) = heap.pop() {
      #expect(position == UInt64(value))
      positions.append(position)
    }
    return positions
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func `the lowest position comes first, also after others were dropped`(seed: UInt64) {
    var chance = SplitMix64(seed: seed)
    var heap = PositionHeap<Int>()
    let positions = (0..<200).map { _ in UInt64.random(in: 0..<100, using: &chance) }
    for position in positions { heap.push(Int(position), at: position) }
    #expect(heap.first?.position == positions.min() && heap.count == 200)
    var half = heap
    half.filter { position, value in position % 2 == 0 && value > 10 }
    #expect(drain(&heap) == positions.sorted())
    #expect(drain(&half) == positions.filter { $0 % 2 == 0 && $0 > 10 }.sorted())
    #expect(heap.first == nil && heap.pop() == nil)
  }
}
