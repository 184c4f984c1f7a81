internal import Hub
internal import Reactor

/// Something that is built and kept, so that the memory that it takes can be measured.
package struct MemoryCase {
  /// What it is called on the command line and in the table.
  package let name: String
  /// What one of the counted things is.
  package let unit: String
  /// How many there are.
  package let units: Int
  /// Builds them in two steps: what they stand on, then they themselves.
  private let prepare: () -> () -> AnyObject

  /// Builds them, and returns how many resident bytes each of them takes.
  package var bytes: Int {
    let build = prepare()
    let before = MemoryCase.resident
    return withExtendedLifetime(build()) { (MemoryCase.resident - before) / units }
  }

  private static var resident: Int {
    // Linux always has these figures.
    try! ProcessFigures.read().residentBytes
  }

  package static var all: [MemoryCase] {
    [
      MemoryCase(name: "idle", unit: "listener of one room", units: 10_000) {
        let hub = BusyHub()
        _ = hub.listen()
        return {
          for _ in 0..<10_000 { _ = hub.listen() }
          return hub
        }
      },
      MemoryCase(
        name: "idle-own-rooms", unit: "listener of a room of its own and a shared one",
        units: 10_000
      ) {
        let hub = BusyHub()
        _ = hub.listen()
        return {
          for number in 0..<10_000 { _ = hub.listen(own: number) }
          return hub
        }
      },
      MemoryCase(
        name: "own-rooms-used", unit: "listener of both after 1,000 messages in the shared one",
        units: 10_000
      ) {
        let hub = BusyHub()
        _ = hub.listen()
        hub.publish(hub.settings.historyCount)
        return {
          for number in 0..<10_000 { _ = hub.listen(own: number) }
          for _ in 0..<1000 {
            hub.publish(1)
            hub.flush()
          }
          return hub
        }
      },
      MemoryCase(name: "topics", unit: "topic with one message", units: 100_000) {
        let hub = BusyHub()
        return {
          hub.publishEach(topics: 100_000)
          return hub
        }
      },
      MemoryCase(name: "messages", unit: "message of one room", units: 100_000) {
        let hub = BusyHub {
          $0.historyCount = 100_000
        }
        return {
          hub.publish(100_000)
          return hub
        }
      },
    ]
  }
}
