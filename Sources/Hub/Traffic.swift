/// What is counted at each write.
///
/// Plain numbers, so that the compiler sees that nobody else comes to them while they are changed, and
/// leaves out the check for it at run time.
struct Traffic {
  private(set) var delivered = 0
  private(set) var coalesced = 0
  private(set) var replayed = 0
  private(set) var bytes = 0
  private(set) var writes = 0

  /// One write, which took `count` bytes.
  mutating func countWrite(of count: Int) {
    writes += 1
    bytes += count
  }

  /// `frames` messages that one write completed.
  mutating func countDelivery(of frames: Int, isReplay: Bool) {
    delivered += frames
    coalesced += max(0, frames - 1)
    if isReplay { replayed += frames }
  }
}
