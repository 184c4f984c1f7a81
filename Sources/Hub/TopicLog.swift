internal import Events

/// A topic: its history, oldest frame first, and the feeds that its events go to.
///
/// What has left history, and what was never in it, is kept by the feeds whose members still lack it. There may
/// be many topics with little in them: one takes 88 bytes, and a block for its frames once it has any.
final class TopicLog {
  /// Its name; only the probe of a `TopicSet` changes it.
  var topic: Topic
  /// Its history.
  private(set) var frames = Ring<Frame>()
  /// The messages up to this number that the topic ever had are no history any more.
  private(set) var droppedThrough: UInt64
  /// Of messages up to this number it is not known whether the topic had any.
  private(set) var unknownThrough: UInt64
  /// The feeds that follow it.
  var links = ShortList<1, TopicLink>()
  /// How many of them name it.
  var named: UInt32 = 0
  /// Whether the eviction queue knows this topic: it does while there is history.
  var isQueuedForEviction = false
  /// Whether the queue of topics without listeners has this one.
  var isQueuedAsQuiet = false
  /// Whether it is kept, empty or not, until the backplane lets it go.
  var isHeld = false

  /// - Parameters:
  ///   - droppedThrough: what is remembered of an earlier topic of this name.
  ///   - unknownThrough: how far the memory of earlier topics doesn't reach.
  init(_ topic: Topic, droppedThrough: UInt64, unknownThrough: UInt64 = 0) {
    self.topic = topic
    self.droppedThrough = droppedThrough
    self.unknownThrough = unknownThrough
  }

  /// Somebody listens who names it.
  var isFollowed: Bool { named > 0 }
  /// Nobody listens and nothing is kept.
  var isForgettable: Bool { named == 0 && frames.isEmpty && !isHeld }

  /// The position of its newest message; 0 when it has none.
  var silentSince: UInt64 { frames.last?.position ?? 0 }

  func append(_ frame: Frame) {
    precondition(frame.position > (frames.last?.position ?? 0), "positions rise in a log")
    frames.append(frame)
  }

  /// Takes the oldest frame out of history.
  func removeOldest() -> Frame {
    let frame = frames.removeFirst()
    droppedThrough = frame.number
    return frame
  }

  /// History begins anew; it was emptied.
  func beginHistory(at start: HistoryStart) {
    precondition(frames.isEmpty, "what is past goes first")
    droppedThrough = start.droppedThrough
    unknownThrough = start.unknownThrough
  }

  /// The place of the first frame after `position`.
  func place(after position: UInt64) -> Int {
    frames.partitionPoint { $0.position <= position }
  }

  /// The oldest message in history after `position`.
  func first(after position: UInt64) -> Frame? {
    let place = place(after: position)
    return place < frames.count ? frames[place] : nil
  }
}
