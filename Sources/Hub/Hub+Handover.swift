internal import Events

/// Handing a history on to another process, and taking it over.
extension Hub {
  /// The history as it stands.
  package func snapshot(now: Instant) -> HistorySnapshot {
    assertOnThread()
    return table.snapshot(epoch: epoch, newest: newest, now: now)
  }

  /// Takes over the next piece of another hub's history; this one has had no message and no listener.
  ///
  /// What does not fit in here counts as lost.
  package func restore(_ record: HistoryRecord, now: Instant) {
    assertOnThread()
    switch record {
    case .start(let epoch, let newest, let lostThrough):
      precondition(numbering.newest == 0 && listeners.count == 0, "a history is restored first")
      self.epoch = epoch
      numbering.advance(to: newest)
      table.loseAll(through: lostThrough)
    case .forgotten(let name, let number): table.remember(name, lostThrough: number)
    case .topic(let name, let droppedThrough, let unknownThrough):
      if let restored { table.forgetIfIdle(restored) }
      restored = table.restore(
        name, droppedThrough: droppedThrough, unknownThrough: unknownThrough)
      if restored == nil { table.remember(name, lostThrough: newest) }
    case .message(let message):
      guard let topic = restored else { return }
      table.append(restoredFrame(of: message, now: now), to: topic, now: now)
    }
  }

  /// A message of several topics comes with each of them, and is one frame.
  private func restoredFrame(of message: RoomHistory.Message, now: Instant) -> Frame {
    if let frame = restoredFrames[message.number] { return frame }
    let frame = frame(
      message.event, number: message.number, position: numbering.position(of: message.number),
      time: now - message.age)
    if message.event.topics.count > 1 { restoredFrames[message.number] = frame }
    return frame
  }

  /// Everything was restored.
  func endRestoring() {
    restoredFrames = [:]
    guard let topic = restored else { return }
    restored = nil
    table.forgetIfIdle(topic)
  }
}
