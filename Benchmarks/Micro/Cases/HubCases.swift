internal import Events
internal import Hub

/// The hub without a network.
extension Case {
  static var hub: [Case] {
    [
      Case("append", unit: "message into a full history", repetitions: 500) {
        let hub = BusyHub()
        hub.publish(hub.settings.historyCount)
        return { repetitions in
          hub.publish(repetitions)
          precondition(hub.counters.historyEntries == hub.settings.historyCount)
        }
      },
      Case(
        "fanout", unit: "delivery to one of 10,000 listeners", unitsPerRepetition: 10_000,
        repetitions: 10
      ) {
        let hub = BusyHub()
        hub.publish(hub.settings.historyCount)
        for _ in 0..<10_000 { _ = hub.listen() }
        return { repetitions in
          let before = hub.counters.delivered
          for _ in 0..<repetitions {
            hub.publish(1)
            hub.flush()
          }
          let delivered = hub.counters.delivered - before
          precondition(delivered == repetitions * 10_000, "a listener missed a message")
        }
      },
      Case(
        "own-rooms",
        unit: "delivery in a room of 10,000 listeners that each follow one of their own, too",
        unitsPerRepetition: 10_000, repetitions: 10
      ) {
        let hub = BusyHub()
        for number in 0..<10_000 { _ = hub.listen(own: number) }
        return { repetitions in
          let before = hub.counters.delivered
          for _ in 0..<repetitions {
            hub.publish(1)
            hub.flush()
          }
          let delivered = hub.counters.delivered - before
          precondition(delivered == repetitions * 10_000, "a listener missed a message")
        }
      },
      join("join-100", feeds: 100), join("join", feeds: 10_000),
      Case("replay", unit: "listener that lacks 1,000 messages", repetitions: 10) {
        let hub = BusyHub()
        hub.publish(2 * BusyHub.replayed)
        return { repetitions in
          let before = hub.counters.replayed
          for _ in 0..<repetitions {
            let token = hub.listen(lacking: BusyHub.replayed)
            hub.flush()
            hub.leave(token)
          }
          let replayed = hub.counters.replayed - before
          precondition(replayed == repetitions * BusyHub.replayed, "a message was not replayed")
        }
      },
    ]
  }
}

extension Case {
  /// A listener that comes to a topic that so many feeds follow, and goes.
  private static func join(_ name: String, feeds: Int) -> Case {
    Case(
      name, unit: "listener that joins and leaves a topic that \(feeds) feeds follow",
      repetitions: 100
    ) {
      let hub = BusyHub()
      for number in 0..<feeds { _ = hub.listen(own: number) }
      return { repetitions in
        for _ in 0..<repetitions { hub.leave(hub.listen(own: feeds)) }
      }
    }
  }
}

/// A hub with one room, whose streams take all they are offered, and whose time stands still: no
/// machine's speed has a part in what is done.
final class BusyHub {
  static let replayed = 1000

  let settings: HubSettings
  private let hub: Hub
  private let room: RoomName
  private let now = ContinuousClock.now
  /// Each stream gets a handle of its own.
  private var handles: Int32 = 0

  init(_ change: (inout HubSettings) -> Void = { _ in }) {
    var settings = HubSettings()
    settings.historyCount = BusyHub.replayed
    settings.maximumRooms = 100_000
    change(&settings)
    self.settings = settings
    hub = Hub(settings: settings, epoch: .micro, sink: Taker(), now: now)
    // Letters are allowed in a room's name.
    room = RoomName("lobby")!
  }

  var counters: HubCounters { hub.counters }

  func publish(_ count: Int) {
    let event = Event(.room(room), Case.message, time: EventTime(milliseconds: 0))
    for _ in 0..<count {
      hub.append(event, number: hub.newest + 1, now: now)
    }
  }

  func flush() {
    while hub.flush(clock: { now }) {}
  }

  /// Publishes a message in each of so many topics.
  func publishEach(topics count: Int) {
    for number in 0..<count {
      // Not empty, and short.
      let topic = Topic.topic(TopicName("t/\(number)")!)
      let event = Event(topic, Case.message, time: EventTime(milliseconds: 0))
      hub.append(event, number: hub.newest + 1, now: now)
    }
  }

  /// Opens a stream for the room and for one of a number of its own.
  func listen(own number: Int) -> StreamToken {
    // Letters and digits are allowed in a room's name.
    listen(to: Interest(rooms: [room, RoomName("own\(number)")!]), after: nil)
  }

  /// - Parameter count: how many messages back the listener's last id is; nil: it has none.
  func listen(lacking count: Int? = nil) -> StreamToken {
    let last = count.map {
      LastEventID(EventID(epoch: .micro, number: hub.newest - UInt64($0)).description)
    }
    return listen(to: Interest(rooms: [room]), after: last)
  }

  private func listen(to interest: Interest, after last: LastEventID?) -> StreamToken {
    handles &+= 1
    return hub.subscribe(
      StreamHandle(rawValue: handles & .max), to: interest, after: last, framing: .chunked,
      head: Self.head, now: now)
  }

  func leave(_ token: StreamToken) { hub.remove(token, reason: .client) }

  private static let head = [UInt8](repeating: UInt8(ascii: "h"), count: 250)
}

/// Takes everything, and does nothing with it.
private final class Taker: EventSink {
  func write(_ bytes: Span<UInt8>, to handle: StreamHandle) -> WriteResult { .wrote(bytes.count) }
  func reasonOfLoss(_ handle: StreamHandle) -> CloseReason { .client }
  func setBlocked(_ isBlocked: Bool, _ handle: StreamHandle, _ token: StreamToken) {}
  func close(_ handle: StreamHandle, _ reason: CloseReason) {}
}
