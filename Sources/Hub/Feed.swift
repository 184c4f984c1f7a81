/// Those listeners that follow the same set of rooms, and the walk that brings them up to date.
///
/// The walk goes round `members` in a circle. Whoever is met is written everything from its cursor
/// to the head, so a message that arrives during a walk only has to make the circle start anew from
/// where it is: nobody is skipped, and nobody gets anything twice.
final class Feed {
  /// Where the hub keeps this feed.
  let index: Int
  /// In the order of their names; never empty.
  let rooms: [Room]
  /// Slots of the listeners, in no order; a listener knows its place here.
  private(set) var members: [UInt32] = []
  /// The position of the newest frame in any of the rooms, or more.
  private(set) var head: UInt64
  /// How many members, counted from `next`, are still to be met in this walk.
  private(set) var pending = 0
  /// The place in `members` that the walk looks at next.
  private(set) var next = 0
  /// How many members were ever met.
  private(set) var met: UInt64 = 0
  /// Messages on their way, oldest first, and when each has arrived: when so many were met.
  private var flights = Ring<(name: UInt64, met: UInt64)>()
  /// When the first of them has.
  private(set) var nextArrival = UInt64.max
  /// The head when the walk was last at place 0.
  private var circleHead: UInt64
  /// Every member that is neither behind nor replaying has everything up to this position.
  private var confirmed: UInt64
  /// The members that are behind and don't replay, the slowest first. Entries may be out of date: a member
  /// stands here once for each time that it fell behind. The first one is not.
  private var slow = PositionHeap<UInt32>()
  /// With so many entries, those that are out of date are dropped.
  private var slowLimit = Feed.leastSlowLimit
  /// How many members are replaying.
  var replaying = 0 { didSet { if replaying == 0 { lostThrough = 0 } } }
  /// While members replay, messages up to this position have left the log: whoever replays and has not
  /// come so far has lost some.
  private(set) var lostThrough: UInt64 = 0
  /// Whether the hub's queue of feeds with work holds this one.
  var isQueued = false
  /// What the walk wrote last, for whoever stands at the same cursor: chunked and plain. The hub's `batched`
  /// has the feeds that keep any.
  var batches: (chunked: Batch?, plain: Batch?)
  /// Whether the hub's `batched` has this one.
  var isBatched = false

  init(index: Int, rooms: [Room], head: UInt64) {
    self.index = index
    self.rooms = rooms
    self.head = head
    circleHead = head
    confirmed = head
  }

  private static var leastSlowLimit: Int { 32 }
  /// How many entries there are of members that are behind.
  var slowEntries: Int { slow.count }

  /// Frames after this position may still be needed by a listener that isn't replaying.
  ///
  /// One that replays holds nothing: it lives on history, and is closed when history leaves it.
  var floor: UInt64 { min(confirmed, slow.first?.position ?? .max) }

  /// The slowest member that the log waits for; nil when it waits for nobody, or for the walk first.
  var slowest: UInt32? {
    slow.first.flatMap { $0.position < confirmed ? $0.value : nil }
  }

  /// The members have something new to be written.
  func raise(head: UInt64) {
    self.head = head
    if pending == 0 { circleHead = head }
    pending = members.count
    if members.isEmpty { confirmed = head }
  }

  /// The next member that the walk meets, or nil when it is done.
  func nextMember() -> UInt32? {
    guard pending > 0 else { return nil }
    pending -= 1
    met &+= 1
    let member = members[next]
    next += 1
    return member
  }

  /// A message that was just taken in is on its way to the members.
  func follow(_ flight: UInt64) {
    flights.append((flight, met + UInt64(members.count)))
    if flights.count == 1 { nextArrival = met + UInt64(members.count) }
  }

  /// Takes out a message that all members have met who were there when it came.
  ///
  /// - Parameter any: whether any message has, since the walk is done, or nobody is left.
  func takeArrival(any: Bool = false) -> UInt64? {
    guard let first = flights.first, any || first.met <= met else { return nil }
    flights.removeFirst()
    nextArrival = flights.first?.met ?? .max
    return first.name
  }

  /// Takes note of how far the walk has come; to be called when the member met was dealt with.
  func settle() {
    if pending == 0 {
      confirmed = head
      next = 0
      circleHead = head
    } else if next >= members.count {
      confirmed = max(confirmed, circleHead)
      next = 0
      circleHead = head
    }
  }

  /// A member that isn't replaying stays behind at `cursor`.
  ///
  /// - Parameter isCurrent: whether a member is behind at a cursor and doesn't replay.
  func hold(
    _ slot: UInt32, at cursor: UInt64, isCurrent: (_ slot: UInt32, _ cursor: UInt64) -> Bool
  ) {
    if slow.count >= slowLimit {
      slow.filter { isCurrent($1, $0) }
      slowLimit = max(Self.leastSlowLimit, 2 * slow.count)
    }
    slow.push(slot, at: cursor)
  }

  /// A member is behind no more.
  ///
  /// - Parameter isCurrent: as for `hold`.
  func release(_ slot: UInt32, isCurrent: (_ slot: UInt32, _ cursor: UInt64) -> Bool) {
    guard slow.first?.value == slot else { return }
    while let (cursor, slot) = slow.first, !isCurrent(slot, cursor) { slow.pop() }
    guard slow.count == 0 else { return }
    slow = PositionHeap()
    slowLimit = Self.leastSlowLimit
  }

  /// A member that is being written to has everything up to `cursor` only; the walk will meet it.
  func goBack(to cursor: UInt64) { confirmed = min(confirmed, cursor) }

  /// A frame has left the log of one of the rooms.
  func lose(_ position: UInt64) {
    if replaying > 0 { lostThrough = max(lostThrough, position) }
  }

  /// Those who lost something have been told.
  func forgetLoss() { lostThrough = 0 }

  /// Lets go of what the walk wrote last.
  ///
  /// One after the other: assigned as a pair, each delivery's look at them would be checked for exclusive
  /// access at run time, 76 instructions of 830.
  func releaseBatches() {
    batches.chunked = nil
    batches.plain = nil
    isBatched = false
  }

  /// Adds a listener, which the walk meets last, and returns its place.
  func add(_ slot: UInt32) -> Int {
    members.append(slot)
    if pending > 0 { pending += 1 }
    return members.count - 1
  }

  /// Takes the member at `place` out, and tells of each that moves.
  ///
  /// The last member fills the hole. In a walk it must not be moved to a place already passed, so
  /// the one passed last goes there instead, and the last one takes that one's place, to be met next.
  func remove(at place: Int, moved: (_ slot: UInt32, _ place: Int) -> Void) {
    var hole = place
    if hole < next {
      next -= 1
      move(next, to: hole, moved)
      hole = next
    }
    move(members.count - 1, to: hole, moved)
    members.removeLast()
    pending = min(pending, members.count)
    if next >= members.count || pending == 0 { settle() }
  }

  private func move(_ place: Int, to hole: Int, _ moved: (UInt32, Int) -> Void) {
    guard place != hole else { return }
    members[hole] = members[place]
    moved(members[hole], hole)
  }
}
