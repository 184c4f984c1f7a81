package import Events

/// A hub's history as it stood at one moment, to be read out piece by piece.
///
/// Taking it costs a look at each room, and no message is copied: while it is read the hub goes on.
package struct HistorySnapshot {
  /// What a room had.
  struct Log {
    let name: RoomName
    let droppedThrough: UInt64
    let unknownThrough: UInt64
    let frames: Ring<Frame>
    /// How many frames at the front are out of history.
    let retired: Int
  }

  private let moment: ContinuousClock.Instant
  private let start: HistoryRecord
  private var forgotten: [RoomName: UInt64].Iterator
  private let logs: [Log]
  private var hasStarted = false
  private var room = 0
  /// The next frame of that room; nil before the room itself was read.
  private var frame: Int?

  init(
    epoch: Epoch, newest: UInt64, lostThrough: UInt64, forgotten: [RoomName: UInt64], logs: [Log],
    now: ContinuousClock.Instant
  ) {
    start = .start(epoch: epoch, newest: newest, lostThrough: lostThrough)
    self.forgotten = forgotten.makeIterator()
    self.logs = logs
    moment = now
  }

  /// The next piece, in the order in which `Hub.restore` wants them; nil at the end.
  package mutating func next() -> HistoryRecord? {
    guard hasStarted else {
      hasStarted = true
      return start
    }
    if let (room, number) = forgotten.next() { return .forgotten(room, through: number) }
    while room < logs.count {
      let log = logs[room]
      guard let index = frame else {
        frame = log.retired
        return .room(
          log.name, droppedThrough: log.droppedThrough, unknownThrough: log.unknownThrough)
      }
      if index < log.frames.count {
        frame = index + 1
        return .message(message(log.frames[index]))
      }
      room += 1
      frame = nil
    }
    return nil
  }

  private func message(_ frame: Frame) -> RoomHistory.Message {
    guard let event = frame.event else {
      preconditionFailure("whatever is in history was made of an event")
    }
    return RoomHistory.Message(number: frame.number, event: event, age: moment - frame.time)
  }
}

/// One piece of a hub's history.
package enum HistoryRecord: Equatable, Sendable {
  /// It comes first: the history's name, its newest number, and up to which number messages are lost
  /// of rooms that nothing else is known of.
  case start(epoch: Epoch, newest: UInt64, lostThrough: UInt64)
  /// A room that is held no more has lost its messages up to this number.
  case forgotten(RoomName, through: UInt64)
  /// A room; its messages follow.
  case room(RoomName, droppedThrough: UInt64, unknownThrough: UInt64)
  /// A message of the room before.
  case message(RoomHistory.Message)
}
