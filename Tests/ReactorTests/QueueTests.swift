import Reactor
import TestSupport
import Testing

@Suite struct QueueTests {
  @Test(arguments: 1...5 as ClosedRange<UInt64>)
  func `it gives out what came in, in that order`(seed: UInt64) {
    var chance = SplitMix64(seed: seed)
    var queue = Queue<Int>()
    var model: [Int] = []
    for number in 0..<5000 {
      switch Int.random(in: 0..<21, using: &chance) {
      case 0..<10 + (number / 1000 % 2):
        queue.append(number)
        model.append(number)
      case 20:
        #expect(queue.popLast() == model.popLast())
      default:
        #expect(queue.popFirst() == (model.isEmpty ? nil : model.removeFirst()))
      }
      #expect(queue.count == model.count && queue.first == model.first)
    }
    queue.removeAll()
    #expect(queue.count == 0 && queue.popFirst() == nil && queue.popLast() == nil)
  }
}
