/// All messages in the histories of topics, in the order of their positions: for listeners that follow more topics
/// than they name.
struct HistoryIndex {
  /// A message of one topic; one of several topics stands here once for each.
  struct Entry {
    let position: UInt64
    let topic: TopicLog
    /// Nil: it has left the topic's history.
    var frame: Frame?
  }

  private var entries = Ring<Entry>()
  /// Entries that belong before the last of those.
  private var late: [Entry] = []
  /// How many entries have left.
  private var gone = 0

  var count: Int { entries.count }

  /// The entry at a place; traps outside of `0..<count`.
  subscript(place: Int) -> Entry { entries[place] }

  /// The place of the first entry after `position`.
  func place(after position: UInt64) -> Int {
    entries.partitionPoint { $0.position <= position }
  }

  /// Takes in a message. One that is older than others, as a history has that comes from elsewhere, waits until the
  /// index is asked next: then all of those are put in their places at once.
  mutating func append(_ frame: Frame, of topic: TopicLog) {
    let entry = Entry(position: frame.position, topic: topic, frame: frame)
    if let last = entries.last, last.position > frame.position {
      late.append(entry)
    } else {
      entries.append(entry)
    }
  }

  /// Puts what came late in its place; to be called before the index is read.
  mutating func arrange() {
    guard !late.isEmpty else { return }
    var all = late
    for place in 0..<entries.count { all.append(entries[place]) }
    late = []
    all.sort { $0.position < $1.position }
    entries = Ring()
    for entry in all { entries.append(entry) }
  }

  /// A message has left the history of a topic.
  mutating func remove(_ frame: Frame, of topic: TopicLog) {
    arrange()
    var place = place(after: frame.position - 1)
    while place < entries.count, entries[place].position == frame.position {
      if entries[place].topic === topic, entries[place].frame != nil {
        entries[place].frame = nil
        gone += 1
        break
      }
      place += 1
    }
    while let first = entries.first, first.frame == nil {
      entries.removeFirst()
      gone -= 1
    }
    if gone > entries.count / 2 + 16 { compact() }
  }

  private mutating func compact() {
    var fresh = Ring<Entry>()
    for place in 0..<entries.count where entries[place].frame != nil {
      fresh.append(entries[place])
    }
    entries = fresh
    gone = 0
  }
}
