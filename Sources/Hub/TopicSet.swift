internal import Events

/// Topics, found by their names: one word each, since a topic knows its name.
struct TopicSet: Sequence {
  private struct Entry: Hashable {
    let log: TopicLog

    static func == (left: Entry, right: Entry) -> Bool { left.log.topic == right.log.topic }
    func hash(into hasher: inout Hasher) { hasher.combine(log.topic) }
  }

  private var entries: Set<Entry> = []
  /// Has the name that is looked for.
  private let probe: TopicLog

  init() {
    // A name that is not empty.
    probe = TopicLog(.topic(TopicName("-")!), droppedThrough: 0)
  }

  var count: Int { entries.count }

  subscript(name: Topic) -> TopicLog? {
    probe.topic = name
    return entries.firstIndex(of: Entry(log: probe)).map { entries[$0].log }
  }

  /// Takes in a topic whose name is not there yet.
  mutating func insert(_ topic: TopicLog) { entries.insert(Entry(log: topic)) }

  mutating func remove(_ topic: TopicLog) { entries.remove(Entry(log: topic)) }

  func makeIterator() -> some IteratorProtocol<TopicLog> {
    entries.lazy.map(\.log).makeIterator()
  }
}
