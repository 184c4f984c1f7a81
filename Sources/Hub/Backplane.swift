package import Events

/// The way that a published message takes to every node's hub, its own included.
package protocol Backplane: AnyObject {
  /// Publishes an event of a room, and says once how that went, maybe before this returns.
  ///
  /// - Parameter completion: called exactly once, on the loop.
  func publish(_ event: Event, completion: @escaping (PublishOutcome) -> Void)

  /// Sees to it that the hub has the history of `rooms`, as far as it is kept, and knows `id` if
  /// anybody does; then calls `completion`, maybe before this returns.
  ///
  /// - Parameters:
  ///   - rooms: they stay for a while also when nobody comes to listen.
  ///   - id: what a listener says it has; nil asks for nothing.
  ///   - completion: called exactly once, on the loop, in the turn in which the answer holds.
  func prepare(
    _ rooms: [RoomName], after id: LastEventID?, completion: @escaping (Preparation) -> Void)

  /// What it is, and whether messages get through at the moment.
  var status: BackplaneStatus { get }

  /// Why it can't be used as long as this process lives; nil: it can, or may be later.
  var failure: String? { get }

  /// To be called at the end of each turn of the loop; returns whether it has more to do.
  func endOfTurn() -> Bool

  /// Answers those who still wait, and lets go of what it holds.
  func close()
}

extension Backplane {
  package var failure: String? { nil }
}

/// How a publish went.
package enum PublishOutcome: Equatable, Sendable {
  /// The message is taken: all who listen get it under this id.
  case taken(EventID)
  /// It is not taken; the reason is for the publisher's eyes.
  case refused(reason: String)
  /// It is not taken, since this publisher's address has used up its share; it may try again after the wait.
  case limited(reason: String, wait: Duration)
  /// It was handed on, and nobody said whether it was taken.
  case unknown(reason: String)
}

/// Whether rooms can be listened to.
package enum Preparation: Equatable, Sendable {
  case ready
  /// Not now; the reason is for the listener's eyes.
  case unavailable(reason: String)
}

/// What a backplane says of itself.
package struct BackplaneStatus: Equatable, Sendable {
  /// `local` or `redis`.
  package var name: String
  package var isUp: Bool

  package init(name: String, isUp: Bool) {
    self.name = name
    self.isUp = isUp
  }
}

/// The default backplane: this process alone. Numbers are taken here, and messages handed straight
/// back.
package final class LocalBackplane: Backplane {
  private var epoch: Epoch
  /// The number of the newest message.
  private var newest: UInt64
  package private(set) var keys = RecentKeys()
  /// Takes publishes in this one's stead.
  private var successor: ((Event, @escaping (PublishOutcome) -> Void) -> Void)?
  private let clock: () -> ContinuousClock.Instant
  private let deliver: (_ event: Event, _ number: UInt64) -> Bool

  /// - Parameter deliver: takes a message in; false when there is no place for its room.
  package init(
    epoch: Epoch, newest: UInt64 = 0, clock: @escaping () -> ContinuousClock.Instant = { .now },
    deliver: @escaping (_ event: Event, _ number: UInt64) -> Bool
  ) {
    self.epoch = epoch
    self.newest = newest
    self.clock = clock
    self.deliver = deliver
  }

  package func publish(_ event: Event, completion: @escaping (PublishOutcome) -> Void) {
    if let successor { return successor(event, completion) }
    let key = RecentKeys.Key(of: event)
    if let key {
      let now = clock()
      if let number = keys.number(of: key, for: event, now: now) {
        return completion(.taken(EventID(epoch: epoch, number: number)))
      }
      switch keys.refusal(of: event.keyScope?.payer) {
      case .full:
        return completion(.refused(reason: "key limit reached; the message was not published"))
      case .overShare:
        return completion(
          .limited(reason: "too many keys from this address", wait: keys.wait(now: now)))
      case nil: break
      }
    }
    guard deliver(event, newest + 1) else {
      completion(.refused(reason: "room limit reached"))
      return
    }
    newest += 1
    if let key {
      keys.remember(key, number: newest, payer: event.keyScope?.payer, now: clock())
    }
    completion(.taken(EventID(epoch: epoch, number: newest)))
  }

  /// From now on takes no message by itself: numbers and keys stay as they are, and every publish goes to
  /// `successor`; nil takes messages again.
  package func setSuccessor(
    _ successor: ((Event, @escaping (PublishOutcome) -> Void) -> Void)?
  ) { self.successor = successor }

  /// Goes on where another one stopped.
  package func resume(epoch: Epoch, newest: UInt64, keys: RecentKeys) {
    precondition(self.newest == 0, "it has taken messages by itself")
    self.epoch = epoch
    self.newest = newest
    self.keys = keys
  }

  package func prepare(
    _ rooms: [RoomName], after id: LastEventID?, completion: @escaping (Preparation) -> Void
  ) { completion(.ready) }

  package var status: BackplaneStatus { BackplaneStatus(name: "local", isUp: true) }

  package func endOfTurn() -> Bool { false }

  package func close() {}
}
