package import Events

/// The keys that messages were published under in the last five minutes, with their numbers.
package struct RecentKeys {
  /// A key, which counts for one sender in one room: nobody's guess makes another's message vanish.
  package struct Key: Hashable, Sendable {
    package let text: String
    package let room: RoomName
    package let name: String?

    package init(text: String, room: RoomName, name: String?) {
      self.text = text
      self.room = room
      self.name = name
    }

    /// Of an event of a room; nil when it has no key.
    package init?(of event: Event) {
      guard let text = event.key, let room = event.room else { return nil }
      self.init(text: text, room: room, name: event.sender?.name)
    }
  }

  /// How long a key is remembered.
  package static let lifetime = Duration.seconds(300)
  /// So many at most, some 20 MB; the oldest is forgotten then.
  package static let maximumCount = 100_000

  private var numbers: [Key: UInt64] = [:]
  private var ages = Ring<(key: Key, time: ContinuousClock.Instant)>()

  package init() {}

  /// The number that a message got under this key.
  package mutating func number(of key: Key, now: ContinuousClock.Instant) -> UInt64? {
    expire(now: now)
    return numbers[key]
  }

  package mutating func remember(_ key: Key, number: UInt64, now: ContinuousClock.Instant) {
    expire(now: now)
    if ages.count >= Self.maximumCount { numbers[ages.removeFirst().key] = nil }
    guard numbers.updateValue(number, forKey: key) == nil else { return }
    ages.append((key, now))
  }

  /// How many there are.
  package var count: Int { ages.count }

  /// The one that is so many places after the oldest; traps outside `0..<count`.
  package func entry(at place: Int) -> (key: Key, number: UInt64, time: ContinuousClock.Instant) {
    let (key, time) = ages[place]
    // A key has an age for as long as it has a number.
    return (key, numbers[key]!, time)
  }

  private mutating func expire(now: ContinuousClock.Instant) {
    while let oldest = ages.first, now - oldest.time >= Self.lifetime {
      numbers[ages.removeFirst().key] = nil
    }
  }
}
