/// The messages that one listener was not sent in their turn: they come late, or are missing.
struct Holes: Sendable {
  /// A stretch of one publisher's messages.
  struct Hole: Sendable {
    let publisher: Int
    let numbers: Range<Int>
  }

  /// In the order in which they were made; none is empty.
  private(set) var all: [Hole] = []

  /// How many messages they are together.
  var count: Int { all.reduce(0) { $0 + $1.numbers.count } }

  mutating func add(_ publisher: Int, _ numbers: Range<Int>) {
    if !numbers.isEmpty { all.append(Hole(publisher: publisher, numbers: numbers)) }
  }

  /// A message came after all.
  ///
  /// - Returns: false when it was not one of these.
  mutating func fill(_ publisher: Int, _ number: Int) -> Bool {
    let index = all.firstIndex { $0.publisher == publisher && $0.numbers.contains(number) }
    guard let index else { return false }
    let numbers = all.remove(at: index).numbers
    add(publisher, numbers.lowerBound..<number)
    add(publisher, number + 1..<numbers.upperBound)
    return true
  }
}
