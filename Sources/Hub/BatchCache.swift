/// What was written last, for others of the same feed who stand at the same cursor.
struct BatchCache {
  /// So many batches are kept, 64 KiB and a frame each: those who resume all at once come mixed, from some rooms.
  static let capacity = 32

  /// What makes the bytes differ for listeners of one feed at one cursor.
  struct Kind: Equatable {
    let isPlain: Bool
    let isReplay: Bool
    let skipsStrays: Bool

    init(of listener: Listener) {
      isPlain = listener.flags.contains(.plain)
      isReplay = listener.flags.contains(.replaying)
      skipsStrays = listener.flags.contains(.skipsStrays)
    }
  }

  private struct Entry {
    let feed: UInt32
    let kind: Kind
    /// The feed's head when it was made.
    let head: UInt64
    let batch: Batch
  }

  private var entries: [Entry] = []
  /// Where the next one goes when there is no place left.
  private var oldest = 0
  /// Where the last one was found, and the next one is looked for first.
  private var latest = 0

  var count: Int { entries.count }
  /// Bytes of all of them.
  var bytes: Int { entries.reduce(0) { $0 + $1.batch.bytes.count } }

  /// What a listener at `cursor` is sent; nil when that is to be made.
  mutating func batch(of feed: Feed, at cursor: UInt64, _ kind: Kind) -> Batch? {
    for step in 0..<entries.count {
      let place = (latest + step) % entries.count
      let entry = entries[place]
      guard entry.feed == feed.index, entry.batch.cursor == cursor, entry.head == feed.head,
        entry.kind == kind
      else { continue }
      latest = place
      return entry.batch
    }
    return nil
  }

  mutating func keep(_ batch: Batch, of feed: Feed, _ kind: Kind) {
    let entry = Entry(feed: feed.index, kind: kind, head: feed.head, batch: batch)
    if entries.count < Self.capacity {
      latest = entries.count
      entries.append(entry)
    } else {
      latest = oldest
      entries[oldest] = entry
      oldest = (oldest + 1) % Self.capacity
    }
  }

  /// A feed is gone, and another may get its index.
  mutating func drop(_ feed: Feed) {
    guard entries.contains(where: { $0.feed == feed.index }) else { return }
    entries.removeAll { $0.feed == feed.index }
    oldest = 0
    latest = 0
  }

  mutating func removeAll() { if !entries.isEmpty { self = BatchCache() } }
}
