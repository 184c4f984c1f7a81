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

  /// - Parameter room: how many streams there are descriptors for.
  package init(_ limits: AdmissionLimits, room: Int, now: ContinuousClock.Instant) {
    self.limits = limits
    self.room = room
    makeBuckets(now: now)
  }

  /// Takes new limits. Streams that are more than those allow stay; with a new rate all buckets are
  /// full.
  ///
  /// Streams opened while there was no bound on those of an address are counted for none.
  package func change(to limits: AdmissionLimits, now: ContinuousClock.Instant) {
    let old = self.limits
    self.limits = limits
    if old.postRate != limits.postRate { makeBuckets(now: now) }
  }

  private func makeBuckets(now: ContinuousClock.Instant) {
    addresses = limits.postRate.map { RateTable($0, now: now) }
    names = limits.postRate.map { RateTable($0, now: now) }
  }

  /// Forgets whose bucket is full; to be called now and then.
  package func advance(to now: ContinuousClock.Instant) {
    addresses?.expire(now: now)
    names?.expire(now: now)
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

  /// Counts one message of `client`, whose signed-in name is `name`, unless it is one too many; then
  /// neither's bucket is touched.
  ///
  /// - Returns: why it may not post, and when it may.
  package func post(
    by client: @autoclosure () -> Peer, as name: String?, now: ContinuousClock.Instant
  ) -> (reason: RefusalReason, wait: Duration)? {
    guard limits.postRate != nil else { return nil }
    let address = client().countedAddress
    if let address, let wait = addresses?.wait(for: address, now: now) {
      return (.postsOfAddress, wait)
    }
    if let name, let wait = names?.wait(for: name, now: now) { return (.postsOfName, wait) }
    if let address { addresses?.take(address, now: now) }
    if let name { names?.take(name, now: now) }
    return nil
  }
}
