internal import EventStream
package import Events

/// Opening a stream: where it starts, and what it is told first.
extension Hub {
  /// Opens a stream on `rooms` (not empty, names that differ), and sends its head and opening.
  ///
  /// With `lastEventID` it is sent what came after that first, and a `gap` event before it for each
  /// room whose history no longer reaches so far.
  ///
  /// The caller has asked `hasPlaces` in this turn; `flush` sends the messages.
  ///
  /// - Parameter head: the bytes of the HTTP response's head.
  package func subscribe(
    _ handle: StreamHandle, to names: [RoomName], after lastEventID: LastEventID?,
    framing: Framing, head: [UInt8], now: Instant
  ) -> StreamToken {
    assertOnThread()
    let rooms = rooms(names, now: now)
    let resumption = Resumption(
      after: lastEventID, rooms: rooms, epoch: epoch, numbering: numbering)
    for gap in resumption.gaps { counted.countGap(gap.reason) }
    let feed = feed(of: rooms)
    if resumption.cursor < feed.lostThrough { closeLost(feed) }
    var flags: Listener.Flags = framing == .plain ? [.plain] : []
    let isBehind = resumption.cursor < numbering.newestPosition
    if isBehind {
      flags.formUnion([.replaying, .skipsStrays])
      feed.replaying += 1
    }
    let slot = listeners.insert(
      Listener(handle, cursor: resumption.cursor, lastWrite: tick, flags: flags))
    listeners[slot].feed = Int32(feed.index)
    listeners[slot].place = UInt32(feed.add(slot))
    counted.opened += 1
    let token = listeners.token(of: slot)
    send(head + opening(of: resumption, framing), privatelyTo: slot)
    if isBehind, !listeners[slot].flags.contains(.behind) {
      fallBehind(slot, feed)
      enqueue(slot)
    }
    if !isWalking { removeDoomed() }
    return token
  }

  /// Whether a listener's last id names a message that this hub may have had, or is none that anybody
  /// could have.
  package func knows(_ last: LastEventID) -> Bool {
    assertOnThread()
    return last.id.map { $0.epoch == epoch && $0.number <= newest } ?? true
  }

  /// The opening of a stream; of those without gaps the last one is kept, since a crowd that comes at
  /// once is told the same.
  private func opening(of resumption: Resumption, _ framing: Framing) -> [UInt8] {
    guard resumption.gaps.isEmpty else { return framing.frame(opening(of: resumption)) }
    let id = EventID(epoch: epoch, number: resumption.number)
    if let last = lastOpening, last.id == id, last.framing == framing { return last.bytes }
    let bytes = framing.frame(opening(of: resumption))
    lastOpening = (id, framing, bytes)
    return bytes
  }

  /// A comment, `retry:`, the id the stream starts at, and what it can't be given.
  private func opening(of resumption: Resumption) -> [UInt8] {
    var bytes: [UInt8] = []
    ServerSentEvent.encodeComment("", into: &bytes)
    ServerSentEvent(retry: settings.retry).encode(into: &bytes)
    let id = EventID(epoch: epoch, number: resumption.number)
    ServerSentEvent(id: id).encode(into: &bytes)
    for gap in resumption.gaps { gap.event.encode(into: &bytes) }
    return bytes
  }

  /// The rooms of these names in one order, without what is too old for replay.
  private func rooms(_ names: [RoomName], now: Instant) -> [Room] {
    let names = names.count > 1 ? Set(names).sorted() : names
    return names.map { name in
      guard let room = table.room(name) else { preconditionFailure("no place was asked for") }
      table.expire(room, now: now)
      table.drop(room)
      return room
    }
  }
}
