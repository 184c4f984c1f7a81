/// The bound on what feeds keep beyond history because a slow listener still needs it.
extension Hub {
  var isOverRetention: Bool { table.ledger.retainedBytes > settings.retainedBytes }

  /// A feed has a member that is behind.
  func queueAsSlow(_ feed: Feed) {
    guard !feed.isQueuedAsSlow, let backlog = feed.backlog, backlog.slowEntries > 0 else { return }
    slowFeeds.push(feed, at: backlog.frame(at: 0)?.position ?? feed.head)
    feed.isQueuedAsSlow = true
  }

  /// A feed is gone: entries of such go once they are as many as the others.
  func compactSlowFeeds() {
    guard slowFeeds.count > 2 * feeds.count + 16 else { return }
    slowFeeds.filter { !$1.members.isEmpty }
  }

  /// Closes the slowest listeners until feeds keep no more than they may, as far as `upkeep` reaches; not in
  /// a walk.
  ///
  /// What only the walk still needs goes by itself when the walk is done: nobody is closed for it.
  ///
  /// - Returns: whether there is more to do.
  func relieve(_ upkeep: inout Upkeep) -> Bool {
    while isOverRetention {
      guard !upkeep.isSpent else { return true }
      guard let (position, feed) = slowFeeds.pop() else { break }
      feed.isQueuedAsSlow = false
      relieve(feed, queuedAt: position, &upkeep)
    }
    while let feed = passedFeeds.popLast() {
      feed.isQueuedAsSlow = false
      queueAsSlow(feed)
      upkeep.looks -= 1
      if upkeep.isSpent { return !passedFeeds.isEmpty }
    }
    return false
  }

  /// Closes the slowest listener of a feed.
  private func relieve(_ feed: Feed, queuedAt position: UInt64, _ upkeep: inout Upkeep) {
    upkeep.looks -= 1
    looks += 1
    guard let backlog = feed.backlog, backlog.slowEntries > 0 else { return }
    if let oldest = backlog.frame(at: 0), oldest.position > position { return queueAsSlow(feed) }
    guard backlog.frame(at: 0) != nil, let slot = backlog.slowest else {
      passedFeeds.append(feed)
      feed.isQueuedAsSlow = true
      return
    }
    upkeep.closings -= 1
    remove(slot, .lag)
    queueAsSlow(feed)
  }
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
