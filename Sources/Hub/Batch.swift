/// Frames from one cursor onwards, joined so that one write sends them all.
///
/// Nearly every listener of a feed stands at the same cursor, so a batch is made once and shared.
/// A batch of one frame shares the frame's own bytes. It never changes, and is handed on by reference: a
/// copy of a struct would count each of its arrays' owners.
final class Batch {
  /// Joined frames stop here: what a socket takes at once is less. Unit: bytes.
  static let maximumBytes = 64 << 10
  /// A write of more frames would make finding the place of a short write dear.
  static let maximumFrames = 256

  /// A listener that has everything up to here, and no byte of what follows, is sent this batch.
  let cursor: UInt64
  /// Where a listener stands that has all of it.
  let through: UInt64
  let bytes: [UInt8]
  /// The part of `bytes` to be sent.
  let range: Range<Int>
  /// For each frame its position, where it ends, counted from `range.lowerBound`, and how many messages
  /// there are up to it.
  private let ends: [End]

  private typealias End = (position: UInt64, offset: Int, messages: Int)

  var isEmpty: Bool { ends.isEmpty }

  /// Joins what `next` hands out, in the order of the positions.
  ///
  /// - Parameters:
  ///   - next: the next frame; nil when there is none.
  ///   - through: where a listener stands that has everything, asked when nothing more comes.
  init(
    after cursor: UInt64, _ framing: Framing, next: () -> Frame?, through: () -> UInt64
  ) {
    var bytes: [UInt8] = []
    var range = 0..<0
    var ends: [End] = []
    var end: UInt64?
    while range.count < Batch.maximumBytes, ends.count < Batch.maximumFrames {
      guard let frame = next() else {
        end = through()
        break
      }
      let part = frame.range(framing)
      if ends.isEmpty {
        bytes = frame.bytes
        range = part
      } else {
        if ends.count == 1 {
          var joined: [UInt8] = []
          joined.reserveCapacity(2 * (range.count + part.count))
          joined.append(contentsOf: bytes[range])
          bytes = joined
        }
        bytes.append(contentsOf: frame.bytes[part])
        range = 0..<bytes.count
      }
      ends.append(
        (frame.position, range.count, (ends.last?.messages ?? 0) + (frame.isNotice ? 0 : 1)))
    }
    self.cursor = cursor
    self.through = end ?? ends.last?.position ?? cursor
    self.bytes = bytes
    self.range = range
    self.ends = ends
  }

  /// Where a listener stands that has `count` bytes of the batch: the last frame it has completely
  /// (nil: none), how many messages that makes, and how much of the next it has.
  func place(after count: Int) -> (position: UInt64?, messages: Int, offset: Int) {
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
