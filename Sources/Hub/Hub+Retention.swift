/// The bound on what logs keep beyond history because a slow listener still needs it.
extension Hub {
  /// Closes the slowest listeners until logs keep no more than they may, as far as `upkeep` reaches; not in
  /// a walk.
  ///
  /// What only the walk still needs goes by itself when the walk is done: nobody is closed for it.
  ///
  /// - Returns: whether there is more to do.
  func relieve(_ upkeep: inout Upkeep) -> Bool {
    guard isOverRetention else { return false }
    var waiting: [Room] = []
    defer { for room in waiting { table.drop(room) } }
    while isOverRetention {
      guard !upkeep.isSpent else { return true }
      guard let room = table.takeRetaining() else { return false }
      upkeep.looks -= max(1, room.feeds.count)
      looks += max(1, room.feeds.count)
      guard let oldest = room.oldestRetained, !table.retainsOlder(than: oldest) else {
        table.drop(room)
        continue
      }
      if let slot = room.feeds.min(by: { $0.floor < $1.floor })?.slowest {
        upkeep.closings -= 1
        remove(slot, .lag)
        table.drop(room)
      } else {
        waiting.append(room)
      }
    }
    return false
  }

  var isOverRetention: Bool { table.retainedBytes > settings.retainedBytes }
}

/// What is left of a budget for keeping the bounds.
struct Upkeep {
  /// Listeners looked at.
  var looks: Int
  /// Listeners closed.
  var closings: Int

  init(_ budget: FanOutBudget) {
    looks = budget.looks
    closings = budget.closings
  }

  var isSpent: Bool { looks <= 0 || closings <= 0 }
}
