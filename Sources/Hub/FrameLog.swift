internal import EventStream
internal import Events

/// Frames in the order of their positions, with a running count of their bytes.
struct FrameLog {
  private(set) var frames = Ring<Frame>()
  /// Bytes of all frames ever taken in.
  private var takenBytes: UInt64 = 0

  var isEmpty: Bool { frames.isEmpty }

  mutating func append(
    _ sent: ServerSentEvent, _ event: Event? = nil, number: UInt64, position: UInt64,
    time: ContinuousClock.Instant,
    isNotice: Bool = false
  ) -> Frame {
    precondition(position > (frames.last?.position ?? 0), "positions rise in a log")
    let frame = Frame(
      sent, event, number: number, position: position, offset: takenBytes, time: time,
      isNotice: isNotice)
    takenBytes += UInt64(frame.size)
    frames.append(frame)
    return frame
  }

  @discardableResult
  mutating func removeFirst() -> Frame { frames.removeFirst() }

  /// The index of the first frame after `position`.
  func index(after position: UInt64) -> Int {
    frames.partitionPoint { $0.position <= position }
  }

  /// The first frame after `position`.
  func first(after position: UInt64) -> Frame? {
    let index = index(after: position)
    return index < frames.count ? frames[index] : nil
  }

  /// Bytes of the frames after `position`.
  func bytes(after position: UInt64) -> UInt64 {
    first(after: position).map { takenBytes - $0.offset } ?? 0
  }
}
