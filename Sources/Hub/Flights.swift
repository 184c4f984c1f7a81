/// How long messages are on their way: from being taken in to having been written to the last who listens.
///
/// A message is on its way in each feed of its room, and has arrived in one when the walk has met all who
/// were there when it came. Who is behind by then, or came later, is not waited for.
struct Flights {
  typealias Instant = ContinuousClock.Instant

  private struct Flight {
    let start: Instant
    /// In how many feeds it is still on its way.
    var feeds: Int
    /// When it arrived in one of the others last.
    var arrival: Instant?
  }

  private(set) var times = DurationHistogram()
  /// The oldest first; one that has arrived stays until those before it have.
  private var flights = Ring<Flight>()
  /// Names the first of them.
  private var first: UInt64 = 0

  var isEmpty: Bool { flights.isEmpty }

  /// A message begins its way in so many feeds; returns its name.
  mutating func begin(feeds: Int, now: Instant) -> UInt64 {
    flights.append(Flight(start: now, feeds: feeds))
    return first + UInt64(flights.count - 1)
  }

  /// It has arrived in one feed; nil: all who were there have gone before it did.
  mutating func arrive(_ name: UInt64, now: Instant?) {
    let index = Int(name - first)
    var flight = flights[index]
    flight.feeds -= 1
    flight.arrival = now ?? flight.arrival
    flights[index] = flight
    guard flight.feeds == 0 else { return }
    if let arrival = flight.arrival { times.observe(max(.zero, arrival - flight.start)) }
    while let oldest = flights.first, oldest.feeds == 0 {
      flights.removeFirst()
      first += 1
    }
  }
}
