package import EventStream

/// The way that a published message takes to every node's hub, its own included.
package protocol Backplane: AnyObject {
  /// Publishes `text` in `room` and says once how that went, maybe before this returns.
  ///
  /// - Parameter completion: called exactly once, on the loop.
  func publish(
    _ text: String, in room: RoomName, completion: @escaping (PublishOutcome) -> Void)
}

/// How a publish went.
package enum PublishOutcome: Equatable, Sendable {
  /// The message is taken: whoever listens gets it under this id.
  case taken(EventID)
  /// It is not taken; the reason is for the publisher's eyes.
  case refused(reason: String)
}

/// The default backplane: this process alone. Numbers are taken here, and messages handed straight
/// back.
package final class LocalBackplane: Backplane {
  private let epoch: Epoch
  /// The number of the newest message.
  private var newest: UInt64
  private let deliver: (_ text: String, _ room: RoomName, _ number: UInt64) -> Bool

  /// - Parameter deliver: takes a message in; false when there is no place for its room.
  package init(
    epoch: Epoch, newest: UInt64 = 0,
    deliver: @escaping (_ text: String, _ room: RoomName, _ number: UInt64) -> Bool
  ) {
    self.epoch = epoch
    self.newest = newest
    self.deliver = deliver
  }

  package func publish(
    _ text: String, in room: RoomName, completion: @escaping (PublishOutcome) -> Void
  ) {
    guard deliver(text, room, newest + 1) else {
      completion(.refused(reason: "as many rooms as this server may hold are open already"))
      return
    }
    newest += 1
    completion(.taken(EventID(epoch: epoch, number: newest)))
  }
}
