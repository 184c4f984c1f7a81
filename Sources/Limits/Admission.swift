package import Events
package import Reactor

/// Who may listen and post at the moment, and whom the open streams are counted for.
///
/// Nobody is asked who a client is unless there is a bound on each.
package final class Admission {
  /// Those in effect.
  package private(set) var limits: AdmissionLimits
  /// Open streams at most, whatever the limits say: beyond, publishers would find no descriptor.
  private let room: Int
  /// Who was not let in. The connections in it are for others to fill in.
  package var counters = AdmissionCounters()

  private var listeners = AddressTable()
  /// Each stream's entry there by its socket, while there is a bound: 4 B for each descriptor.
  private var entries: [UInt32] = []
  private static let none = UInt32.max

  private var addresses: RateTable<IPAddress>?
  private var names: RateTable<String>?
  private var creators: RateTable<IPAddress>?
  private var paid: RecentNames?

  /// - Parameter room: how many streams there are descriptors for.
  package init(_ limits: AdmissionLimits, room: Int, now: ContinuousClock.Instant) {
    self.limits = limits
    self.room = room
    makePostBuckets(now: now)
    makeNewNamesBuckets(now: now)
  }

  /// Takes new limits. Streams that are more than those allow stay; with a new rate all its buckets
  /// are full.
  ///
  /// Streams opened while there was no bound on those of an address are counted for none.
  package func change(to limits: AdmissionLimits, now: ContinuousClock.Instant) {
    let old = self.limits
    self.limits = limits
    if old.postRate != limits.postRate { makePostBuckets(now: now) }
    if old.newNamesRate != limits.newNamesRate { makeNewNamesBuckets(now: now) }
  }

  private func makePostBuckets(now: ContinuousClock.Instant) {
    addresses = limits.postRate.map { RateTable($0, now: now) }
    names = limits.postRate.map { RateTable($0, now: now) }
  }

  private func makeNewNamesBuckets(now: ContinuousClock.Instant) {
    creators = limits.newNamesRate.map { RateTable($0, now: now) }
    paid = limits.newNamesRate.map { RecentNames(period: $0.period, now: now) }
  }

  /// Forgets whose bucket is full; to be called now and then.
  package func advance(to now: ContinuousClock.Instant) {
    addresses?.expire(now: now)
    names?.expire(now: now)
    creators?.expire(now: now)
    paid?.expire(now: now)
  }

  // MARK: Listening

  /// Streams that may be open at once.
  package var maximumListeners: Int { min(limits.listeners ?? room, room) }

  /// Why `client` may not open one more stream; nil: it may.
  ///
  /// - Parameter open: how many streams there are.
  package func refusal(ofListener client: @autoclosure () -> Peer, open: Int) -> RefusalReason? {
    if open >= maximumListeners { return .listeners }
    guard limits.listenersPerAddress > 0, let address = client().countedAddress else { return nil }
    return listeners.count(of: address) >= limits.listenersPerAddress ? .listenersOfAddress : nil
  }

  /// `client` opens a stream.
  package func opened(_ socket: StreamSocket, by client: @autoclosure () -> Peer) {
    guard limits.listenersPerAddress > 0, let address = client().countedAddress else { return }
    let descriptor = Int(socket.descriptor)
    while entries.count <= descriptor { entries.append(Self.none) }
    entries[descriptor] = listeners.add(address)
  }

  /// A stream has ended, however it did.
  package func closed(_ socket: StreamSocket) {
    let descriptor = Int(socket.descriptor)
    guard descriptor < entries.count, entries[descriptor] != Self.none else { return }
    listeners.remove(at: entries[descriptor])
    entries[descriptor] = Self.none
  }

  /// How many addresses have streams that are counted for them.
  var listeningAddresses: Int { listeners.addressCount }

  // MARK: Posting

  /// Counts one message of `client`, whose signed-in name is `name`, unless it is over a rate; then no
  /// bucket is touched.
  ///
  /// - Parameter unheld: the room it goes to, unless that is held; asked only if new names are counted.
  /// - Returns: why it may not post, and when it may.
  package func post(
    by client: @autoclosure () -> Peer, as name: String?,
    unheld: @autoclosure () -> RoomName? = nil,
    now: ContinuousClock.Instant
  ) -> (reason: RefusalReason, wait: Duration)? {
    guard limits.postRate != nil || limits.newNamesRate != nil else { return nil }
    let address = client().countedAddress
    if let address, let wait = addresses?.wait(for: address, now: now) {
      return (.postsOfAddress, wait)
    }
    if let name, let wait = names?.wait(for: name, now: now) { return (.postsOfName, wait) }
    if let address, let refusal = create(unheld: unheld().map { [$0] } ?? [], by: address, now: now)
    {
      return refusal
    }
    if let address { addresses?.take(address, now: now) }
    if let name { names?.take(name, now: now) }
    return nil
  }

  // MARK: New names

  /// Counts the rooms that `client` creates with a stream, unless they are over the rate; then no bucket
  /// is touched.
  ///
  /// - Parameter unheld: the stream's rooms that are not held, which differ; asked only if new names are counted.
  /// - Returns: why it may not create them, and when it may.
  package func create(
    _ unheld: @autoclosure () -> [RoomName], by client: @autoclosure () -> Peer,
    now: ContinuousClock.Instant
  ) -> (reason: RefusalReason, wait: Duration)? {
    guard limits.newNamesRate != nil, let address = client().countedAddress else { return nil }
    return create(unheld: unheld(), by: address, now: now)
  }

  private func create(
    unheld: @autoclosure () -> [RoomName], by address: IPAddress, now: ContinuousClock.Instant
  ) -> (reason: RefusalReason, wait: Duration)? {
    guard let rate = limits.newNamesRate, let paid else { return nil }
    let new = unheld().filter { !paid.contains($0) }
    guard !new.isEmpty else { return nil }
    // More than a full bucket would never be allowed.
    let tokens = min(new.count, rate.count)
    if let wait = creators?.wait(for: address, tokens: tokens, now: now) {
      return (.newNames, wait)
    }
    creators?.take(address, tokens: tokens, now: now)
    for name in new { self.paid?.insert(name, now: now) }
    return nil
  }
}
