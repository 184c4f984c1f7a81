/// The order in which the listeners of one process were sent a room's messages.
package struct MessageOrder: Codable, Equatable, Sendable {
  /// One after the other, publisher and number in turn.
  private var numbers: [Int32] = []

  package init() {}

  package mutating func append(publisher: Int32, number: Int32) {
    numbers.append(publisher)
    numbers.append(number)
  }

  private struct Name: Hashable {
    let publisher: Int32
    let number: Int32
  }

  private var names: [Name] {
    stride(from: 0, to: numbers.count - 1, by: 2).map {
      Name(publisher: numbers[$0], number: numbers[$0 + 1])
    }
  }

  /// How many messages stand behind one that `other` has after them, and the first of these, in words.
  package func differences(from other: MessageOrder) -> (count: Int, first: String?) {
    guard self != other else { return (0, nil) }
    let places = Dictionary(
      other.names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    var reached = -1
    var count = 0
    var first: String?
    for name in names {
      guard let place = places[name] else { continue }
      if place < reached {
        count += 1
        first = first ?? "message \(name.number) of publisher \(name.publisher)"
      }
      reached = max(reached, place)
    }
    return (count, first)
  }
}
