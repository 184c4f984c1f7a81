package import Events

/// The keys that messages were published under in the last five minutes, with their numbers.
///
/// No key is forgotten earlier. Before a new one is remembered, `refusal` says whether it may be.
package struct RecentKeys {
  /// A key, which counts for one scope in one room: nobody's guess makes another's message vanish.
  package struct Key: Hashable, Sendable {
    package let text: String
    package let room: RoomName
    /// Of a key without a scope, as 0.1.0 has them: the sender's name; nil: it had none.
    package let name: String?
    /// Whose it is; nil for a key of 0.1.0.
    package let scope: KeyScope?

    /// A key of 0.1.0.
    package init(text: String, room: RoomName, name: String?) {
      self.text = text
      self.room = room
      self.name = name
      scope = nil
    }

    package init(text: String, room: RoomName, scope: KeyScope) {
      self.text = text
      self.room = room
      name = nil
      self.scope = scope
    }

    /// Of an event of a room; nil when it has no key.
    package init?(of event: Event) {
      guard let text = event.key, let room = event.room else { return nil }
      if let scope = event.keyScope {
        self.init(text: text, room: room, scope: scope)
      } else {
        self.init(text: text, room: room, name: event.sender?.name)
      }
    }
  }

  /// Why no new key is taken.
  enum Refusal { case full, overShare }

  /// How long a key is remembered.
  package static let lifetime = Duration.seconds(300)
  /// New keys are refused when there are so many.
  package static let maximumCount = 100_000
  /// New keys of an address are refused when it has so many.
  package static let maximumShare = 25_000

  private var numbers: [Key: UInt64] = [:]
  private var ages = Ring<(key: Key, payer: String?, time: ContinuousClock.Instant)>()
  /// How many keys count for each address.
  private var shares: [String: Int] = [:]
  /// Keys of 0.1.0 among them.
  private var earlierCount = 0
  private let maximumCount: Int
  private let maximumShare: Int

  package init(maximumCount: Int = Self.maximumCount, maximumShare: Int = Self.maximumShare) {
    self.maximumCount = maximumCount
    self.maximumShare = maximumShare
  }

  /// The number that a message got under this key.
  package mutating func number(of key: Key, now: ContinuousClock.Instant) -> UInt64? {
    expire(now: now)
    return numbers[key]
  }

  /// The number that a message got under the key of `event`, or got from 0.1.0 under the same text.
  mutating func number(
    of key: Key, for event: Event, now: ContinuousClock.Instant
  ) -> UInt64? {
    if let number = number(of: key, now: now) { return number }
    guard earlierCount > 0, key.scope != nil else { return nil }
    return numbers[Key(text: key.text, room: key.room, name: event.sender?.name)]
  }

  /// Why a new key of `payer`, an address, may not be remembered; nil: it may. Expired keys are gone already.
  func refusal(of payer: String?) -> Refusal? {
    // An address over its share learns that, also when the table is full.
    if let payer, shares[payer, default: 0] >= maximumShare { return .overShare }
    return ages.count >= maximumCount ? .full : nil
  }

  /// How long it takes until the oldest key expires: at least a second.
  func wait(now: ContinuousClock.Instant) -> Duration {
    guard let oldest = ages.first else { return .seconds(1) }
    return max(.seconds(1), oldest.time + Self.lifetime - now)
  }

  /// Remembers a key, whatever `refusal` says: what another process remembered must stay.
  ///
  /// - Parameter payer: the address that it counts for; nil: it counts for none.
  package mutating func remember(
    _ key: Key, number: UInt64, payer: String? = nil, now: ContinuousClock.Instant
  ) {
    expire(now: now)
    guard numbers.updateValue(number, forKey: key) == nil else { return }
    if key.scope == nil { earlierCount += 1 }
    if let payer { shares[payer, default: 0] += 1 }
    ages.append((key, payer, now))
  }

  /// How many there are.
  package var count: Int { ages.count }

  /// The one that is so many places after the oldest; traps outside `0..<count`.
  package func entry(at place: Int) -> (key: Key, number: UInt64, time: ContinuousClock.Instant) {
    let (key, _, time) = ages[place]
    // A key has an age for as long as it has a number.
    return (key, numbers[key]!, time)
  }

  private mutating func expire(now: ContinuousClock.Instant) {
    while let oldest = ages.first, now - oldest.time >= Self.lifetime {
      ages.removeFirst()
      numbers[oldest.key] = nil
      if oldest.key.scope == nil { earlierCount -= 1 }
      guard let payer = oldest.payer, let count = shares[payer] else { continue }
      shares[payer] = count > 1 ? count - 1 : nil
    }
  }
}
