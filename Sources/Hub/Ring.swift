/// A queue in one contiguous block that grows by doubling and is indexed from its oldest element.
///
/// `append` and `removeFirst` take constant amortised time; indexing is one addition and one mask.
struct Ring<Element> {
  /// Empty places are nil. The size is a power of two, or zero.
  private var storage: [Element?] = []
  /// Half a word each, since each topic and each feed that is behind has one.
  private var start: Int32 = 0
  private var length: Int32 = 0

  var count: Int { Int(length) }
  private var head: Int { Int(start) }

  var isEmpty: Bool { count == 0 }
  var first: Element? { isEmpty ? nil : self[0] }
  var last: Element? { isEmpty ? nil : self[count - 1] }

  /// The element `index` places after the oldest; traps outside `0..<count`.
  subscript(index: Int) -> Element {
    get {
      precondition(index >= 0 && index < count, "ring index out of range")
      // Places below `count` are filled: `append` is the only way to raise it.
      return storage[(head + index) & (storage.count - 1)]!
    }
    set {
      precondition(index >= 0 && index < count, "ring index out of range")
      storage[(head + index) & (storage.count - 1)] = newValue
    }
  }

  mutating func append(_ element: Element) {
    if count == storage.count { grow() }
    storage[(head + count) & (storage.count - 1)] = element
    length += 1
  }

  /// Takes the oldest element off; traps when there is none.
  @discardableResult
  mutating func removeFirst() -> Element {
    let element = self[0]
    storage[head] = nil
    start = Int32((head + 1) & (storage.count - 1))
    length -= 1
    if count == 0 { self = Ring() } else if count * 8 < storage.count { resize(to: count * 2) }
    return element
  }

  /// How many elements, counted from the oldest, satisfy `predicate`, which must hold for a prefix.
  func partitionPoint(where predicate: (Element) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if predicate(self[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private mutating func grow() { resize(to: max(1, count * 2)) }

  private mutating func resize(to atLeast: Int) {
    var size = 1
    while size < atLeast { size *= 2 }
    var fresh: [Element?] = []
    fresh.reserveCapacity(size)
    for index in 0..<count { fresh.append(self[index]) }
    fresh.append(contentsOf: repeatElement(nil, count: size - count))
    storage = fresh
    start = 0
  }
}
