/// Rooms that have history, the one with the oldest message first.
///
/// An entry may be out of date, since messages also leave a room's history by count and age; whoever
/// takes one compares. A room stands here at most once; the table drops those it has forgotten.
struct EvictionQueue {
  /// A binary heap on `position`.
  private var heap: [(position: UInt64, room: Room)] = []

  var count: Int { heap.count }

  /// Adds a room whose oldest message in history stands at `position`.
  mutating func push(_ room: Room, oldest position: UInt64) {
    heap.append((position, room))
    var child = heap.count - 1
    while child > 0, heap[(child - 1) / 2].position > heap[child].position {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  /// Takes the entry with the lowest position.
  mutating func pop() -> (position: UInt64, room: Room)? {
    guard let first = heap.first, let last = heap.popLast() else { return nil }
    guard !heap.isEmpty else { return first }
    heap[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < heap.count && heap[child].position < heap[least].position {
        least = child
      }
      if least == parent { return first }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
