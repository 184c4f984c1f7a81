internal import Events

/// What is remembered of topics that are held no more: up to which number their messages are lost.
struct ForgottenTopics {
  private let maximumCount: Int
  private let maximumBytes: Int
  private(set) var numbers: [Topic: UInt64] = [:]
  /// Bytes of the names that are no rooms'.
  private var bytes = 0
  /// The same for topics that there was no place for here.
  private(set) var lostThrough: UInt64 = 0
  /// The newest number that was ever lost.
  private(set) var newest: UInt64 = 0

  /// - Parameters:
  ///   - maximumCount: so many names are remembered.
  ///   - maximumBytes: so many bytes of names that are no rooms'.
  init(maximumCount: Int, maximumBytes: Int) {
    self.maximumCount = maximumCount
    self.maximumBytes = maximumBytes
  }

  /// A topic that is not held has lost its messages up to `number`.
  mutating func remember(_ topic: Topic, lostThrough number: UInt64) {
    newest = max(newest, number)
    guard number > lostThrough else { return }
    _ = take(topic)
    if topic.nameBytes > maximumBytes { return loseAll(through: number) }
    while numbers.count >= maximumCount || bytes + topic.nameBytes > maximumBytes,
      let other = numbers.first?.key
    {
      loseAll(through: take(other))
    }
    numbers[topic] = number
    bytes += topic.nameBytes
  }

  /// Up to which number the messages of a topic are lost that is held from now on.
  mutating func take(_ topic: Topic) -> UInt64 {
    guard let number = numbers.removeValue(forKey: topic) else { return lostThrough }
    bytes -= topic.nameBytes
    return number
  }

  /// Topics that nothing else is known of have lost their messages up to `number`.
  mutating func loseAll(through number: UInt64) {
    lostThrough = max(lostThrough, number)
    newest = max(newest, number)
  }

  /// Begins a new history, in which nothing was lost.
  mutating func restart() {
    self = ForgottenTopics(maximumCount: maximumCount, maximumBytes: maximumBytes)
  }
}

extension Topic {
  /// What its name takes of what names of topics may take; a room's takes nothing.
  var nameBytes: Int {
    switch self {
    case .room: 0
    case .topic(let name): name.text.utf8.count
    }
  }
}
