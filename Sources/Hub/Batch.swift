/// The bytes from one cursor onwards, joined so that one write sends them all.
///
/// Nearly every listener of a feed stands at the same cursor, so a batch is made once and shared.
/// A batch of one frame shares the frame's own bytes. It never changes, and is handed on by reference: a
/// copy of a struct would count each of its arrays' owners.
final class Batch {
  /// Joined frames stop here: what a socket takes at once is less. Unit: bytes.
  static let maximumBytes = 64 << 10
  /// A write of more frames would make finding the place of a short write dear.
  static let maximumFrames = 256

  /// The cursor this batch begins at.
  let cursor: UInt64
  /// The feed's head when it was made.
  private let head: UInt64
  private let content: Content
  /// Whether lines without an id were left out.
  private let skipsStrays: Bool
  /// Whether there were any in the rooms, so that it makes a difference.
  private let sawStrays: Bool

  var bytes: [UInt8] { content.bytes }
  /// The part of `bytes` to be sent.
  var range: Range<Int> { content.range }
  var isEmpty: Bool { content.ends.isEmpty }

  /// Whether it is still what a listener at `cursor` needs while the feed stands at `head`.
  func serves(_ cursor: UInt64, head: UInt64, skippingStrays: Bool) -> Bool {
    self.cursor == cursor && self.head == head && (skipsStrays == skippingStrays || !sawStrays)
  }

  /// Joins what `feed` has after `cursor`, in the order of the positions; empty when there is nothing.
  init(of feed: Feed, after cursor: UInt64, framing: Framing, skippingStrays: Bool) {
    var content = Content()
    var sawStrays = false
    var sources = feed.rooms.map {
      (frames: $0.messages.frames, index: $0.messages.index(after: cursor))
    }
    for room in feed.rooms where !room.strays.isEmpty {
      sawStrays = true
      if !skippingStrays { sources.append((room.strays.frames, room.strays.index(after: cursor))) }
    }
    while content.range.count < Batch.maximumBytes, content.ends.count < Batch.maximumFrames {
      var best: (source: Int, frame: Frame)?
      for (place, source) in sources.enumerated() where source.index < source.frames.count {
        let frame = source.frames[source.index]
        if best.map({ frame.position < $0.frame.position }) ?? true { best = (place, frame) }
      }
      guard let (source, frame) = best else { break }
      sources[source].index += 1
      content.add(frame, framing)
    }
    self.cursor = cursor
    head = feed.head
    self.content = content
    skipsStrays = skippingStrays
    self.sawStrays = sawStrays
  }

  /// Frames that were joined.
  private struct Content {
    var bytes: [UInt8] = []
    var range = 0..<0
    /// For each frame its position, where it ends, counted from `range.lowerBound`, and how many messages
    /// there are up to it.
    var ends: [(position: UInt64, offset: Int, messages: Int)] = []

    mutating func add(_ frame: Frame, _ framing: Framing) {
      let part = frame.range(framing)
      if ends.isEmpty {
        bytes = frame.bytes
        range = part
      } else {
        if ends.count == 1 {
          bytes = Array(bytes[range])
          range = 0..<bytes.count
        }
        bytes.append(contentsOf: frame.bytes[part])
        range = 0..<bytes.count
      }
      let messages = (ends.last?.messages ?? 0) + (frame.isNotice ? 0 : 1)
      ends.append((frame.position, range.count, messages))
    }
  }

  /// Where a listener stands that has `count` bytes of the batch: the last frame it has completely
  /// (nil: none), how many messages that makes, and how much of the next it has.
  func place(after count: Int) -> (position: UInt64?, messages: Int, offset: Int) {
    let ends = content.ends
    if let last = ends.last, last.offset == count { return (last.position, last.messages, 0) }
    var low = 0
    var high = ends.count
    while low < high {
      let middle = (low + high) / 2
      if ends[middle].offset <= count { low = middle + 1 } else { high = middle }
    }
    return low == 0
      ? (nil, 0, count)
      : (ends[low - 1].position, ends[low - 1].messages, count - ends[low - 1].offset)
  }
}
