/// Which topics' histories lost messages while somebody was being sent them.
///
/// A listener that replays keeps nothing alive: when history leaves it, it is closed, and resumes with a gap.
struct Losses {
  /// For each listener that replays, by slot, how many messages had been lost when it began.
  private var replays: [UInt32: UInt64] = [:]
  /// How many messages were lost since the first of them began.
  private var count: UInt64 = 0
  /// The last of each topic: which one it was, and where it stood.
  private var byTopic: [ObjectIdentifier: Loss] = [:]
  /// The last of each feed's topics that were forgotten.
  private var byFeed: [UInt32: Loss] = [:]
  /// The last of all, and the newest position of any.
  private var last: Loss = (0, 0)

  private typealias Loss = (ordinal: UInt64, position: UInt64)

  /// Whether anybody replays, so that losses are of interest.
  var isRecording: Bool { !replays.isEmpty }

  mutating func begin(_ slot: UInt32) { replays[slot] = count }

  mutating func end(_ slot: UInt32) {
    replays[slot] = nil
    if replays.isEmpty { self = Losses() }
  }

  /// A message has left a topic's history.
  mutating func record(_ topic: TopicLog, _ position: UInt64) {
    guard isRecording else { return }
    count += 1
    byTopic[ObjectIdentifier(topic)] = (count, position)
    last = (count, max(last.position, position))
  }

  /// A topic is forgotten, which feeds follow that don't name it.
  mutating func forget(_ topic: TopicLog) {
    guard isRecording, let loss = byTopic.removeValue(forKey: ObjectIdentifier(topic)) else {
      return
    }
    for place in 0..<topic.links.count {
      let feed = topic.links[place].feed
      byFeed[feed] = (loss.ordinal, max(loss.position, byFeed[feed]?.position ?? 0))
    }
  }

  /// Whether a listener that has everything up to `cursor` was to be sent a message that is gone.
  ///
  /// - Parameter topics: those that its feed follows; nil is all.
  func concern(
    _ slot: UInt32, of feed: Feed, after cursor: UInt64, topics: (some Sequence<TopicLog>)?
  ) -> Bool {
    guard count > 0, let start = replays[slot] else { return false }
    func concerns(_ loss: Loss?) -> Bool {
      loss.map { $0.ordinal > start && $0.position > cursor } ?? false
    }
    guard let topics else { return concerns(last) }
    return concerns(byFeed[feed.index])
      || topics.contains { concerns(byTopic[ObjectIdentifier($0)]) }
  }
}
