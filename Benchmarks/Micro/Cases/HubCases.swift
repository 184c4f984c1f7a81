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

/// A hub with one room, whose streams take all they are offered, and whose time stands still: no
/// machine's speed has a part in what is done.
private final class BusyHub {
  static let replayed = 1000

  let settings: HubSettings
  private let hub: Hub
  private let room: RoomName
  private let now = ContinuousClock.now
  /// Each stream gets a handle of its own.
  private var handles: Int32 = 0

  init() {
    var settings = HubSettings()
    settings.historyCount = BusyHub.replayed
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

  /// - Parameter count: how many messages back the listener's last id is; nil: it has none.
  func listen(lacking count: Int? = nil) -> StreamToken {
    handles &+= 1
    let last = count.map {
      LastEventID(EventID(epoch: .micro, number: hub.newest - UInt64($0)).description)
    }
    return hub.subscribe(
      StreamHandle(rawValue: handles & .max), to: Interest(rooms: [room]), after: last,
      framing: .chunked, head: Self.head, now: now)
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
