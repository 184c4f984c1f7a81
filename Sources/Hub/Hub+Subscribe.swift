package import EventStream

/// Opening a stream: where it starts, and what it is told first.
extension Hub {
  /// Opens a stream on `rooms` (not empty, names that differ), and sends its head and opening.
  ///
  /// With `lastEventID` it is sent what came after that first, and a `gap` event before it for each
  /// room whose history no longer reaches so far.
  ///
  /// - Parameter head: the bytes of the HTTP response's head.
  /// - Returns: the stream's name, or nil when a new room would be one too many; then the handle
  ///   stays the caller's.
  package func subscribe(
    _ handle: StreamHandle, to names: [RoomName], after lastEventID: LastEventID?,
    framing: Framing, head: [UInt8], now: Instant
  ) -> StreamToken? {
    guard let rooms = rooms(names, now: now) else { return nil }
    let resumption = Resumption(
      after: lastEventID, rooms: rooms, epoch: epoch, newest: newest)
    for gap in resumption.gaps { counted.countGap(gap.reason) }
    let feed = feed(of: rooms)
    if resumption.cursor < feed.lostThrough { closeLost(feed) }
    var flags: Listener.Flags = framing == .plain ? [.plain] : []
    if resumption.cursor < newest {
      flags.insert(.replaying)
      feed.replaying += 1
    }
    let slot = listeners.insert(
      Listener(handle, cursor: resumption.cursor, lastWrite: tick, flags: flags))
    listeners[slot].feed = Int32(feed.index)
    listeners[slot].place = UInt32(feed.add(slot))
    counted.opened += 1
    let token = listeners.token(of: slot)
    send(head + framing.frame(opening(of: resumption)), privatelyTo: slot)
    if !listeners[slot].flags.contains(.behind) { _ = deliver(slot, feed, inWalk: false) }
    if !isWalking { removeDoomed() }
    return token
  }

  /// A comment, `retry:`, the id the stream starts at, and what it can't be given.
  private func opening(of resumption: Resumption) -> [UInt8] {
    var bytes: [UInt8] = []
    ServerSentEvent.encodeComment("", into: &bytes)
    ServerSentEvent(retry: settings.retry).encode(into: &bytes)
    let id = EventID(epoch: epoch, number: resumption.cursor)
    ServerSentEvent(id: id).encode(into: &bytes)
    for gap in resumption.gaps { gap.event.encode(into: &bytes) }
    return bytes
  }

  /// The rooms of these names in one order, without what is too old for replay.
  private func rooms(_ names: [RoomName], now: Instant) -> [Room]? {
    var rooms: [Room] = []
    for name in Set(names).sorted() {
      guard let room = table.room(name) else {
        for room in rooms { table.forgetIfIdle(room) }
        return nil
      }
      table.expire(room, now: now)
      room.drop()
      rooms.append(room)
    }
    return rooms
  }
}
