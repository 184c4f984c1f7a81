/// What all frames cost: those in history, and those that only a listener still needs.
///
/// A frame counts once, in however many topics' histories it is and however many feeds need it.
final class FrameLedger {
  /// What the frames in history cost.
  private(set) var historyBytes = 0
  /// How many they are.
  private(set) var historyEntries = 0
  /// What it costs that listeners still need frames: those that history doesn't keep (messages that have left it,
  /// notices, lines without a number), and a place in each feed.
  private(set) var retainedBytes = 0

  /// What a place in a feed's backlog costs: its 24 bytes, and as many in reserve.
  static let placeCost = 48

  /// A topic's history takes the frame in.
  func enter(_ frame: Frame) {
    frame.histories += 1
    guard frame.histories == 1 else { return }
    historyBytes += frame.cost
    historyEntries += 1
    if frame.feeds > 0 { retainedBytes -= frame.cost }
  }

  /// A topic's history lets the frame go.
  func leave(_ frame: Frame) {
    frame.histories -= 1
    guard frame.histories == 0 else { return }
    historyBytes -= frame.cost
    historyEntries -= 1
    if frame.feeds > 0 { retainedBytes += frame.cost }
  }

  /// Members of a feed need the frame.
  func hold(_ frame: Frame) {
    frame.feeds += 1
    retainedBytes += Self.placeCost
    if frame.feeds == 1, frame.histories == 0 { retainedBytes += frame.cost }
  }

  /// All members of a feed have the frame.
  func release(_ frame: Frame) {
    frame.feeds -= 1
    retainedBytes -= Self.placeCost
    if frame.feeds == 0, frame.histories == 0 { retainedBytes -= frame.cost }
  }
}
