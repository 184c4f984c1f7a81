/// Values by the position they stand at, the lowest first: a binary heap.
struct PositionHeap<Value> {
  private var heap: [(position: UInt64, value: Value)] = []

  var count: Int { heap.count }
  /// The entry with the lowest position.
  var first: (position: UInt64, value: Value)? { heap.first }

  mutating func push(_ value: Value, at position: UInt64) {
    heap.append((position, value))
    var child = heap.count - 1
    while child > 0, heap[(child - 1) / 2].position > heap[child].position {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  /// Takes the entry with the lowest position.
  @discardableResult
  mutating func pop() -> (position: UInt64, value: Value)? {
    guard let first = heap.first, let last = heap.popLast() else { return nil }
    guard !heap.isEmpty else { return first }
    heap[0] = last
    sink(0)
    return first
  }

  /// Drops the entries that are not wanted.
  mutating func filter(_ isWanted: (_ position: UInt64, Value) -> Bool) {
    heap = heap.filter { isWanted($0.position, $0.value) }
    for place in (0..<heap.count / 2).reversed() { sink(place) }
  }

  /// Moves an entry down to where none below it is lower.
  private mutating func sink(_ place: Int) {
    var parent = place
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < heap.count && heap[child].position < heap[least].position {
        least = child
      }
      if least == parent { return }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
