internal import Events

/// Where a stream starts, and what it can't be sent.
struct Resumption {
  /// It is to be sent what stands after this position.
  let cursor: UInt64
  /// The same as a number: the N of the id it is told to start with.
  let number: UInt64
  let gaps: [Gap]

  /// Of a stream that follows topics.
  init(after last: LastEventID?, topics: [TopicLog], epoch: Epoch, numbering: Numbering) {
    self.init(
      after: last, epoch: epoch, numbering: numbering,
      histories: topics.map {
        History(
          topic: $0.topic, droppedThrough: $0.droppedThrough, unknownThrough: $0.unknownThrough,
          first: $0.first(after:))
      })
  }

  /// What the start of a history says.
  struct History {
    /// Nil: of more than one topic.
    let topic: Topic?
    let droppedThrough: UInt64
    let unknownThrough: UInt64
    /// The oldest message after a position.
    let first: (UInt64) -> Frame?
  }

  init(after last: LastEventID?, epoch: Epoch, numbering: Numbering, histories: [History]) {
    guard let last else {
      cursor = numbering.newestPosition
      number = numbering.newest
      gaps = []
      return
    }
    let known = last.id.flatMap {
      $0.epoch == epoch && $0.number <= numbering.newest ? $0.number : nil
    }
    let isOfEarlierHistory = last.id.map { $0.epoch != epoch } ?? false
    let after = numbering.cursor(after: known ?? 0)
    var gaps: [Gap] = []
    var first: Frame?
    for history in histories {
      let oldest = history.first(after)
      if let oldest, first.map({ oldest.position < $0.position }) ?? true { first = oldest }
      let reason: GapReason? =
        if let known {
          known < history.droppedThrough
            ? .expired : known < history.unknownThrough ? .unknown : nil
        } else {
          isOfEarlierHistory ? .restarted : .unknown
        }
      guard let reason else { continue }
      gaps.append(
        Gap(
          topic: history.topic, after: last.text,
          oldest: oldest.map { EventID(epoch: epoch, number: $0.number) }, reason: reason))
    }
    self.gaps = gaps
    if gaps.isEmpty, let known {
      cursor = after
      number = known
    } else {
      cursor = first.map { $0.position - 1 } ?? numbering.newestPosition
      number = first.map { $0.number - 1 } ?? numbering.newest
    }
  }
}
