internal import Events

/// Whether pieces of a history follow each other as `Hub.restore` wants them: for a history that has
/// lain somewhere, where it may have come to harm.
package struct HistoryOrder {
  /// The newest number; nil before the history's start.
  private var newest: UInt64?
  private var topics: Set<Topic> = []
  /// The number of the message before, in the topic that is being read; nil before the first topic.
  private var last: UInt64?

  package init() {}

  /// Whether `record` may come next; to be asked of each.
  package mutating func accepts(_ record: HistoryRecord) -> Bool {
    switch record {
    case .start(_, let newest, let lostThrough):
      guard self.newest == nil, Numbering(newest: 0).hasPlace(for: newest) else { return false }
      self.newest = newest
      return covers(lostThrough)
    case .forgotten(_, let number): return last == nil && covers(number)
    case .topic(let name, let droppedThrough, let unknownThrough):
      last = 0
      return topics.insert(name).inserted && covers(droppedThrough) && covers(unknownThrough)
    case .message(let message):
      guard let last, message.number > last else { return false }
      self.last = message.number
      return covers(message.number)
    }
  }

  /// Whether there can be a message of this number.
  package func covers(_ number: UInt64) -> Bool { newest.map { number <= $0 } ?? false }
}
