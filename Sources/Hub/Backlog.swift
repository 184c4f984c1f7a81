/// What the members of a feed lack, where that is more than one frame on its way to all of them; and the members
/// that are behind.
final class Backlog {
  typealias IsCurrent = (_ slot: UInt32, _ cursor: UInt64) -> Bool

  private struct Entry {
    let frame: Frame
    /// How many bytes had been taken in before it.
    let offset: UInt64
    /// It has arrived when so many members were met.
    let due: UInt64
  }

  /// Oldest first; never empty while a member that doesn't replay lacks anything.
  private var entries = Ring<Entry>()
  /// How many of them, from the oldest, have arrived at all who were there when they came.
  private var arrived = 0
  /// Bytes of all frames ever taken in.
  private var takenBytes: UInt64 = 0
  /// How many members were met since it was made.
  private(set) var met: UInt64 = 0
  /// When the next frame has arrived, in members met.
  private var nextDue = UInt64.max
  /// Every member that is neither behind nor replaying has everything up to this position.
  private var confirmed: UInt64
  /// The feed's head when the walk was last at its first member.
  private var circleHead: UInt64
  /// The members that are behind and don't replay, the slowest first. Entries may be out of date: a member
  /// stands here once for each time that it fell behind. The first one is not.
  private var slow = PositionHeap<UInt32>()
  /// With so many entries, those that are out of date are dropped.
  private var slowLimit = Backlog.leastSlowLimit

  private static var leastSlowLimit: Int { 32 }

  /// - Parameter confirmed: the position that every member has everything up to.
  init(confirmed: UInt64, circleHead: UInt64) {
    self.confirmed = confirmed
    self.circleHead = circleHead
  }

  /// How many entries there are of members that are behind.
  var slowEntries: Int { slow.count }
  var isEmpty: Bool { entries.isEmpty && slow.count == 0 }

  /// Frames after this position may still be needed by a member that isn't replaying.
  var floor: UInt64 { min(confirmed, slow.first?.position ?? .max) }

  /// The slowest member that frames are kept for; nil when they are kept for nobody, or for the walk first.
  var slowest: UInt32? {
    slow.first.flatMap { $0.position < confirmed ? $0.value : nil }
  }

  // MARK: - Frames

  /// Takes in a frame that so many members are still to be sent.
  func append(_ frame: Frame, to members: Int) {
    entries.append(Entry(frame: frame, offset: takenBytes, due: met + UInt64(members)))
    takenBytes += UInt64(frame.size)
    if arrived == entries.count - 1 { nextDue = entries[arrived].due }
  }

  /// Puts frames before all others: members that replayed them need them now. They aren't on their way.
  func prepend(_ frames: [Frame]) {
    let old = entries
    entries = Ring()
    takenBytes = 0
    for frame in frames {
      entries.append(Entry(frame: frame, offset: takenBytes, due: 0))
      takenBytes += UInt64(frame.size)
    }
    for index in 0..<old.count {
      let frame = old[index].frame
      entries.append(Entry(frame: frame, offset: takenBytes, due: old[index].due))
      takenBytes += UInt64(frame.size)
    }
    arrived += frames.count
  }

  /// The frame at a place among those that are kept; nil beyond the newest.
  func frame(at place: Int) -> Frame? { place < entries.count ? entries[place].frame : nil }

  /// The place of the first frame after `position`.
  func place(after position: UInt64) -> Int {
    entries.partitionPoint { $0.frame.position <= position }
  }

  /// Bytes of the frames after `position`.
  func bytes(after position: UInt64) -> UInt64 {
    let place = place(after: position)
    return place < entries.count ? takenBytes - entries[place].offset : 0
  }

  /// Takes the oldest frame off that every member has; nil when there is none.
  func takeUnneeded() -> Frame? {
    guard arrived > 0, let frame = entries.first?.frame, frame.position <= floor else { return nil }
    entries.removeFirst()
    arrived -= 1
    return frame
  }

  /// Takes the oldest frame off, needed or not, and says whether it is on its way; nil when there is none.
  func takeFirst() -> (frame: Frame, isUnderway: Bool)? {
    guard let frame = entries.first?.frame else { return nil }
    entries.removeFirst()
    guard arrived > 0 else { return (frame, true) }
    arrived -= 1
    return (frame, false)
  }

  /// Takes note of the next frame that has come to all members who were there when it came, and returns it.
  ///
  /// - Parameter isOver: whether nobody is left to be met.
  func takeArrival(isOver: Bool) -> Frame? {
    guard arrived < entries.count else { return nil }
    let entry = entries[arrived]
    guard isOver || entry.due <= met || entry.frame.position <= confirmed else { return nil }
    arrived += 1
    nextDue = arrived < entries.count ? entries[arrived].due : .max
    return entry.frame
  }

  // MARK: - The walk

  /// A walk begins at the feed's first member.
  func begin(head: UInt64) { circleHead = head }

  func meet() { met += 1 }

  var hasArrival: Bool { met >= nextDue }

  /// The walk has met the last member there is, and begins anew.
  func endCircle(head: UInt64) {
    confirmed = max(confirmed, circleHead)
    circleHead = head
  }

  /// The walk is done.
  func endWalk(head: UInt64) {
    confirmed = head
    circleHead = head
  }

  // MARK: - Members that are behind

  /// A member that isn't replaying stays behind at `cursor`.
  ///
  /// - Parameter isCurrent: whether a member is behind at a cursor and doesn't replay.
  func hold(_ slot: UInt32, at cursor: UInt64, isCurrent: IsCurrent) {
    if slow.count >= slowLimit {
      slow.filter { isCurrent($1, $0) }
      slowLimit = max(Self.leastSlowLimit, 2 * slow.count)
    }
    slow.push(slot, at: cursor)
  }

  /// A member is behind no more; frames are kept until `takeUnneeded`.
  ///
  /// - Parameter isCurrent: as for `hold`.
  func release(_ slot: UInt32, isCurrent: IsCurrent) {
    guard slow.first?.value == slot else { return }
    while let (cursor, slot) = slow.first, !isCurrent(slot, cursor) { slow.pop() }
    guard slow.count == 0 else { return }
    slow = PositionHeap()
    slowLimit = Self.leastSlowLimit
  }
}
