internal import EventStream

/// Where a stream starts, and what it can't be sent.
struct Resumption {
  /// It is to be sent what comes after this number.
  let cursor: UInt64
  let gaps: [Gap]

  init(after last: LastEventID?, rooms: [Room], epoch: Epoch, newest: UInt64) {
    guard let last else {
      cursor = newest
      gaps = []
      return
    }
    let known = last.id.flatMap { $0.epoch == epoch && $0.number <= newest ? $0.number : nil }
    let isOfEarlierHistory = last.id.map { $0.epoch != epoch } ?? false
    var gaps: [Gap] = []
    var first: UInt64?
    for room in rooms {
      let index = room.index(after: known ?? 0)
      let oldest = index < room.frames.count ? room.frames[index].number : nil
      first = [first, oldest].compactMap(\.self).min()
      let reason: GapReason? =
        if let known {
          known < room.droppedThrough ? .expired : nil
        } else {
          isOfEarlierHistory ? .restarted : .unknown
        }
      guard let reason else { continue }
      gaps.append(
        Gap(
          room: room.name, after: last.text,
          oldest: oldest.map { EventID(epoch: epoch, number: $0) }, reason: reason))
    }
    self.gaps = gaps
    if gaps.isEmpty, let known {
      cursor = known
    } else {
      cursor = first.map { $0 - 1 } ?? newest
    }
  }
}
