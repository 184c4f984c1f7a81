/// Those listeners that have the same interest and format, what they lack, and the walk that brings them up to date.
///
/// The walk goes round `members` in a circle. Each member is written everything from its cursor
/// to the head, so a message that arrives during a walk only has to make the circle start anew from
/// where it is: nobody is skipped, and nobody gets anything twice.
///
/// What members lack is kept here, in the order of the positions: one frame on its way to all of them, or a
/// `Backlog`. A member that replays reads its topics' histories instead, and keeps nothing alive.
///
/// There may be one for each listener, so a feed at rest is small: 128 bytes with its allocator's word, and no block
/// beside it for two topics and one member.
final class Feed {
  /// The topics that its events come from.
  var links = ShortList<2, FeedLink>()
  /// A member knows its place here.
  private(set) var members = Members()
  /// Where the hub keeps this feed.
  let index: UInt32
  /// How many members, counted from `next`, are still to be met in this walk.
  private(set) var pending: Int32 = 0
  /// The place in `members` that the walk looks at next.
  private(set) var next: Int32 = 0
  /// What its members are sent.
  let format: StreamFormat
  /// Whether it follows no more than topics that its interest names.
  let isExact: Bool
  /// Whether the hub's queue of feeds with work holds this one.
  var isQueued = false
  /// Whether the hub's queue of feeds with slow members holds this one.
  var isQueuedAsSlow = false
  /// The position of the newest frame that came to it, or of the newest of all when it was made.
  private(set) var head: UInt64
  /// The one frame that members may lack; nil when there is none, or a backlog.
  private(set) var only: Frame?
  private(set) var backlog: Backlog?

  init(index: UInt32, isExact: Bool, format: StreamFormat = .text, head: UInt64) {
    self.index = index
    self.format = format
    self.isExact = isExact
    self.head = head
  }

  /// Frames after this position may still be needed by a member that isn't replaying.
  var floor: UInt64 { backlog?.floor ?? only.map { $0.position - 1 } ?? head }

  // MARK: - Frames

  /// Takes in a frame, the newest of all: the members have something new to be written.
  func append(_ frame: Frame) {
    if let backlog {
      if pending == 0 { backlog.begin(head: frame.position) }
      backlog.append(frame, to: members.count)
    } else if only == nil {
      only = frame
    } else {
      makeBacklog().append(frame, to: members.count)
    }
    head = frame.position
    pending = Int32(members.count)
  }

  /// The backlog, which takes over what the feed has.
  func makeBacklog() -> Backlog {
    if let backlog { return backlog }
    // Without one, a walk began at the first member with the only frame.
    let confirmed = only.map { $0.position - 1 } ?? head
    let backlog = Backlog(confirmed: confirmed, circleHead: head)
    if let only { backlog.append(only, to: Int(pending)) }
    only = nil
    self.backlog = backlog
    return backlog
  }

  /// Takes off the next frame that every member has; nil when there is none.
  func takeUnneeded() -> Frame? {
    guard let backlog else { return nil }
    let frame = backlog.takeUnneeded()
    if frame == nil, pending == 0, backlog.isEmpty { self.backlog = nil }
    return frame
  }

  /// Takes off the one frame; to be asked when the walk is done.
  func takeOnly() -> Frame? {
    guard let frame = only else { return nil }
    only = nil
    return frame
  }

  /// Takes off what is left when there are no members, and says of each frame whether it is on its way.
  func takeLeft() -> (frame: Frame, isUnderway: Bool)? {
    if let frame = takeOnly() { return (frame, true) }
    return backlog?.takeFirst()
  }

  // MARK: - The walk

  /// The next member that the walk meets, or nil when it is done.
  func nextMember() -> UInt32? {
    guard pending > 0 else { return nil }
    pending -= 1
    backlog?.meet()
    let member = members[Int(next)]
    next += 1
    return member
  }

  /// Takes note of how far the walk has come; to be called when the member met was dealt with.
  ///
  /// - Returns: whether frames may have arrived.
  func settle() -> Bool {
    if pending == 0 {
      next = 0
      backlog?.endWalk(head: head)
      return true
    }
    if next >= members.count {
      next = 0
      backlog?.endCircle(head: head)
      return true
    }
    return backlog?.hasArrival ?? false
  }

  // MARK: - Members

  /// Adds a listener, which the walk meets last, and returns its place.
  func add(_ slot: UInt32) -> Int {
    members.append(slot)
    if pending > 0 { pending += 1 }
    return members.count - 1
  }

  /// Takes the member at `place` out, and tells of each that moves.
  ///
  /// The last member fills the hole. In a walk it must not be moved to a place already passed, so
  /// the one passed last goes there instead, and the last one takes that one's place, to be met next. Those who are
  /// still to be met begin one place earlier then: where they don't reach to the end, one more is met.
  func remove(at place: Int, moved: (_ slot: UInt32, _ place: Int) -> Void) {
    var hole = place
    if hole < next {
      if Int(next + pending) < members.count { pending += 1 }
      next -= 1
      move(Int(next), to: hole, moved)
      hole = Int(next)
    }
    move(members.count - 1, to: hole, moved)
    members.removeLast()
    pending = min(pending, Int32(members.count))
    if next >= members.count || pending == 0 { _ = settle() }
  }

  private func move(_ place: Int, to hole: Int, _ moved: (UInt32, Int) -> Void) {
    guard place != hole else { return }
    members[hole] = members[place]
    moved(members[hole], hole)
  }
}
