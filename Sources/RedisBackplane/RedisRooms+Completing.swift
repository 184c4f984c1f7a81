internal import Events
internal import Hub

/// What is done with what was loaded: rooms are given to the hub, and the hub is given what it lacks.
extension RedisRooms {
  /// Whether there is more to be handed on: `handOn` is to be called once more.
  var isHanding: Bool { phase == .handing }

  /// A room's last page or its marker has come.
  mutating func completed(_ place: Dictionary<RoomName, RedisRoom>.Index) -> [Action] {
    let room = rooms[place]
    guard room.value.isLoaded else { return [] }
    if !room.value.isServed {
      loadedRooms.append(room.key)
    } else if phase == .catchingUp {
      lacking -= 1
    }
    return completeIfPossible()
  }

  mutating func completeIfPossible() -> [Action] {
    switch phase {
    case .down, .handing: return []
    case .live: return enterLoaded()
    case .catchingUp:
      guard awaitedHeartbeat == nil, lacking == 0, let epoch else { return [] }
      phase = .handing
      return beginHanding(of: epoch) + handOn()
    }
  }

  /// Prepares what the rooms that the hub has were lacking.
  private mutating func beginHanding(of epoch: Epoch) -> [Action] {
    let isFresh = hubEpoch != epoch
    var starts: [RoomName: HistoryStart] = [:]
    var sequences = takeSequences()
    if isFresh {
      for name in sequences.keys {
        starts[name] = sequences[name]?.takeStart()
        rooms[name]?.last = sequences[name]?.last ?? 0
      }
      hubEpoch = epoch
    }
    catchUp = RedisCatchUp(sequences, strays: takeStrays(), beyond: newest)
    return isFresh ? [.restart(epoch, starts)] : []
  }

  /// Hands on a part of what there is, and becomes live when nothing is left.
  mutating func handOn() -> [Action] {
    guard phase == .handing else { return [] }
    var actions: [Action] = []
    var bytes = 0
    while let step = popStep() {
      actions.append(.hand(step))
      bytes += step.cost
      if actions.count >= bounds.steps || bytes >= bounds.stepBytes { return actions }
    }
    phase = .live
    catchUp = nil
    newest = max(newest, heardThrough)
    return actions + [.advance(newest)] + enterLoaded() + [.live]
  }

  /// The next step that a room is still there for.
  private mutating func popStep() -> RedisCatchUp.Step? {
    while true {
      guard let step = catchUp?.popFirst() else {
        // What came meanwhile comes next.
        let sequences = takeSequences()
        guard sequences.values.contains(where: { !$0.isEmpty }) || !strays.isEmpty else {
          return nil
        }
        catchUp = RedisCatchUp(sequences, strays: takeStrays(), beyond: newest)
        continue
      }
      guard let place = rooms.index(forKey: step.room), rooms.values[place].isServed else {
        continue
      }
      switch step {
      case .message(_, let message):
        rooms.values[place].last = message.number
        newest = message.number
      case .gap(_, _, let through, _, _):
        rooms.values[place].last = through
        heardThrough = max(heardThrough, through)
      case .stray: break
      }
      return step
    }
  }

  /// Takes out what was loaded and held of the rooms that the hub has.
  private mutating func takeSequences() -> [RoomName: RedisSequence] {
    var sequences: [RoomName: RedisSequence] = [:]
    for (name, room) in rooms where room.isServed {
      loadedBytes -= room.loadedBytes
      heldBytes -= room.heldBytes
      sequences[name] = rooms[name]?.takeSequence(after: room.last, seen: newest)
    }
    return sequences
  }

  private mutating func takeStrays() -> [HeldLine] {
    defer {
      strays = []
      placedStrays = 0
    }
    for line in strays { heldBytes -= line.line.count }
    return strays
  }

  /// Gives the hub the rooms that are loaded and that it doesn't have.
  private mutating func enterLoaded() -> [Action] {
    var actions: [Action] = []
    for name in loadedRooms {
      guard let room = rooms[name], !room.isServed, room.isLoaded else { continue }
      loadedBytes -= room.loadedBytes
      heldBytes -= room.heldBytes
      guard var sequence = rooms[name]?.takeSequence(after: 0, seen: 0) else { continue }
      let history = RoomHistory(&sequence)
      rooms[name]?.isServed = true
      rooms[name]?.last = sequence.last
      newest = max(newest, sequence.last)
      actions += [.enter(name, history), .advance(newest)]
    }
    loadedRooms = []
    return actions
  }

  /// Lets go the oldest of what was loaded, over all rooms, to three quarters of the bound: what is
  /// told of it is what is told of messages that Redis has no more.
  mutating func dropOldestLoaded() {
    var costs = rooms.values.flatMap { room in
      (room.load?.messages ?? []).map { (number: $0.number, cost: $0.cost) }
    }
    costs.sort { $0.number > $1.number }
    var kept = 0
    guard
      let first = costs.first(where: { message in
        kept += message.cost
        return kept > bounds.loadedBytes / 4 * 3
      })
    else { return }
    loadedBytes = 0
    for place in rooms.values.indices {
      rooms.values[place].dropLoaded(through: first.number)
      loadedBytes += rooms.values[place].loadedBytes
    }
  }
}
