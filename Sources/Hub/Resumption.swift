internal import Events

/// Where a stream starts, and what it can't be sent.
struct Resumption {
  /// It is to be sent what stands after this position.
  let cursor: UInt64
  /// The same as a number: the N of the id it is told to start with.
  let number: UInt64
  let gaps: [Gap]

  init(after last: LastEventID?, rooms: [Room], epoch: Epoch, numbering: Numbering) {
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
    for room in rooms {
      let oldest = room.firstMessage(after: after)
      if let oldest, first.map({ oldest.position < $0.position }) ?? true { first = oldest }
      let reason: GapReason? =
        if let known {
          known < room.droppedThrough ? .expired : known < room.unknownThrough ? .unknown : nil
        } else {
          isOfEarlierHistory ? .restarted : .unknown
        }
      guard let reason else { continue }
      gaps.append(
        Gap(
          room: room.name, after: last.text,
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
