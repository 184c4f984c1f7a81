/// First in, first out, in one block of memory that is used again: what is asked and answered one by
/// one allocates nothing. Inlinable, so that other modules' elements need no generic code at run time.
package struct Queue<Element> {
  /// Places before `head` are nil.
  @usableFromInline var elements: [Element?] = []
  @usableFromInline var head = 0

  @inlinable package init() {}

  @inlinable package var count: Int { elements.count - head }
  @inlinable package var first: Element? { head < elements.count ? elements[head] : nil }

  @inlinable package mutating func append(_ element: Element) { elements.append(element) }

  /// Takes the newest element off again.
  @inlinable package mutating func popLast() -> Element? {
    guard count > 0 else { return nil }
    return elements.removeLast()
  }

  /// Takes the oldest element off, in constant amortised time.
  @inlinable package mutating func popFirst() -> Element? {
    guard head < elements.count else { return nil }
    let element = elements[head]
    elements[head] = nil
    head += 1
    if head == elements.count {
      elements.removeAll(keepingCapacity: true)
      head = 0
    } else if head >= 64, head * 2 >= elements.count {
      elements.removeFirst(head)
      head = 0
    }
    return element
  }

  @inlinable package mutating func removeAll() { self = Queue() }
}
