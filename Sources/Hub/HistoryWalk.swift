/// All messages in history that a listener wants who follows more topics than it names, in their order, each once.
struct HistoryWalk {
  private let order: HistoryIndex
  private let interest: Interest
  private var place: Int
  private var end: Int
  private var last: UInt64
  private var selected: [ObjectIdentifier: Bool] = [:]

  /// - Parameters:
  ///   - cursor: what stands after it comes.
  ///   - limit: so many messages are looked at, wanted or not.
  init(_ order: HistoryIndex, _ interest: Interest, after cursor: UInt64, atMost limit: Int) {
    self.order = order
    self.interest = interest
    place = order.place(after: cursor)
    last = cursor
    end = min(order.count, place + limit)
    // A message of several topics is looked at whole.
    while end > place, end < order.count, order[end].position == order[end - 1].position {
      end += 1
    }
  }

  mutating func next() -> Frame? {
    while place < end {
      let entry = order[place]
      place += 1
      guard let frame = entry.frame, entry.position > last, selects(entry.topic) else { continue }
      last = entry.position
      return frame
    }
    return nil
  }

  /// The position of the last message that was looked at; nil when there are no more to be looked at.
  var reached: UInt64? { place < order.count ? order[place - 1].position : nil }

  private mutating func selects(_ topic: TopicLog) -> Bool {
    let key = ObjectIdentifier(topic)
    if let known = selected[key] { return known }
    let isSelected = interest.selects(topic.topic)
    selected[key] = isSelected
    return isSelected
  }
}
