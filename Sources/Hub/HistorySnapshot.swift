package import Events

/// A hub's history as it stood at one moment, to be read out piece by piece.
///
/// Taking it costs a look at each room, and no message is copied: while it is read the hub goes on.
package struct HistorySnapshot {
  /// What a topic had.
  private struct Log {
    let topic: Topic
    let droppedThrough: UInt64
    let unknownThrough: UInt64
    let frames: Ring<Frame>
  }

  private let moment: ContinuousClock.Instant
  private let start: HistoryRecord
  private var forgotten: [Topic: UInt64].Iterator
  private let logs: [Log]
  private var hasStarted = false
  private var log = 0
  /// The next frame of that log; nil before the topic itself was read.
  private var frame: Int?

  init(
    epoch: Epoch, newest: UInt64, lostThrough: UInt64, forgotten: [Topic: UInt64],
    topics: some Sequence<TopicLog>, now: ContinuousClock.Instant
  ) {
    start = .start(epoch: epoch, newest: newest, lostThrough: lostThrough)
    self.forgotten = forgotten.makeIterator()
    logs = topics.map {
      Log(
        topic: $0.topic, droppedThrough: $0.droppedThrough, unknownThrough: $0.unknownThrough,
        frames: $0.frames)
    }
    moment = now
  }

  /// The next piece, in the order in which `Hub.restore` wants them; nil at the end.
  package mutating func next() -> HistoryRecord? {
    guard hasStarted else {
      hasStarted = true
      return start
    }
    if let (topic, number) = forgotten.next() { return .forgotten(topic, through: number) }
    while log < logs.count {
      let log = logs[self.log]
      guard let index = frame else {
        frame = 0
        return .topic(
          log.topic, droppedThrough: log.droppedThrough, unknownThrough: log.unknownThrough)
      }
      if index < log.frames.count {
        frame = index + 1
        return .message(message(log.frames[index]))
      }
      self.log += 1
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
  /// of topics that nothing else is known of.
  case start(epoch: Epoch, newest: UInt64, lostThrough: UInt64)
  /// A topic that is held no more has lost its messages up to this number.
  case forgotten(Topic, through: UInt64)
  /// A topic; its messages follow.
  case topic(Topic, droppedThrough: UInt64, unknownThrough: UInt64)
  /// A message of the topic before; one of several topics comes with each of them.
  case message(RoomHistory.Message)
}
