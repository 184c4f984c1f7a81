/// What all frames cost: those in history, and those that only a listener still needs.
///
/// A frame counts once, in however many topics' histories it is and however many feeds need it.
final class FrameLedger {
  /// What the frames in history cost.
  private(set) var historyBytes = 0
  /// How many they are.
  private(set) var historyEntries = 0
  /// What frames cost that are kept only because a listener still needs them: messages that have left
  /// history, notices, and lines without a number.
  private(set) var retainedBytes = 0

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
    if frame.feeds == 1, frame.histories == 0 { retainedBytes += frame.cost }
  }

  /// All members of a feed have the frame.
  func release(_ frame: Frame) {
    frame.feeds -= 1
    if frame.feeds == 0, frame.histories == 0 { retainedBytes -= frame.cost }
  }
}
