/// The histories of some topics in one order, each message once.
struct HistoryMerge {
  private var sources: [(frames: Ring<Frame>, place: Int)] = []
  private var last: UInt64

  /// - Parameter cursor: what stands after it comes.
  init(of topics: some Sequence<TopicLog>, after cursor: UInt64) {
    last = cursor
    for topic in topics { sources.append((topic.frames, topic.place(after: cursor))) }
  }

  mutating func next() -> Frame? {
    if sources.count == 1 {
      guard sources[0].place < sources[0].frames.count else { return nil }
      defer { sources[0].place += 1 }
      return sources[0].frames[sources[0].place]
    }
    var best: Frame?
    for source in sources.indices {
      // One that another topic has as well was handed out already.
      while let frame = frame(of: source), frame.position <= last { sources[source].place += 1 }
      guard let frame = frame(of: source) else { continue }
      if best.map({ frame.position < $0.position }) ?? true { best = frame }
    }
    if let best { last = best.position }
    return best
  }

  private func frame(of source: Int) -> Frame? {
    let place = sources[source].place
    return place < sources[source].frames.count ? sources[source].frames[place] : nil
  }
}
