@testable import Hub

/// What a hub counts, counted anew.
extension Hub {
  /// What all frames cost that are kept, in histories or by feeds: each once.
  var keptBytes: (history: Int, retained: Int, entries: Int) {
    var history: [ObjectIdentifier: Frame] = [:]
    for topic in table.topics {
      for place in 0..<topic.frames.count {
        history[ObjectIdentifier(topic.frames[place])] = topic.frames[place]
      }
    }
    var retained: [ObjectIdentifier: Frame] = [:]
    var places = 0
    for feed in feeds.all {
      places += feed.lackedFrames.count
      for frame in feed.lackedFrames where history[ObjectIdentifier(frame)] == nil {
        retained[ObjectIdentifier(frame)] = frame
      }
    }
    return (
      history.values.reduce(0) { $0 + $1.cost },
      retained.values.reduce(places * FrameLedger.placeCost) { $0 + $1.cost }, history.count
    )
  }

  var isLedgerRight: Bool {
    let kept = keptBytes
    return kept.history == table.ledger.historyBytes
      && kept.retained == table.ledger.retainedBytes
      && kept.entries == table.ledger.historyEntries
  }
}

extension Feed {
  /// What the feed keeps, oldest first.
  var lackedFrames: [Frame] {
    var frames = only.map { [$0] } ?? []
    while let frame = backlog?.frame(at: frames.count) { frames.append(frame) }
    return frames
  }
}
