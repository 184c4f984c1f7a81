/// What can stand in a `ShortList`: it has a value for places that are free.
protocol ShortListElement {
  static var vacant: Self { get }
  var isVacant: Bool { get }
}

/// A list that needs no block of memory of its own while it is as short as most are.
struct ShortList<let capacity: Int, Element: ShortListElement> {
  private var few: InlineArray<capacity, Element> = .init(repeating: .vacant)
  private var more: [Element] = []

  var count: Int {
    guard more.isEmpty else { return capacity + more.count }
    var count = 0
    while count < capacity, !few[count].isVacant { count += 1 }
    return count
  }

  var isEmpty: Bool { few[0].isVacant }

  /// Traps outside of `0..<count`, but for a vacant place.
  subscript(place: Int) -> Element {
    get { place < capacity ? few[place] : more[place - capacity] }
    set {
      if place < capacity { few[place] = newValue } else { more[place - capacity] = newValue }
    }
  }

  mutating func append(_ element: Element) {
    let count = count
    if count < capacity { few[count] = element } else { more.append(element) }
  }

  mutating func removeLast() {
    guard more.isEmpty else {
      more.removeLast()
      if more.isEmpty { more = [] }
      return
    }
    few[count - 1] = .vacant
  }
}
