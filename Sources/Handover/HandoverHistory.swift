internal import Hub
internal import Reactor

/// Everything that a successor has to know of the past, in pieces.
struct HandoverHistory {
  private var snapshot: HistorySnapshot
  private let keys: RecentKeys
  private let moment: ContinuousClock.Instant
  private var nextKey = 0
  /// Everything was read.
  private(set) var hasEnded = false

  init(_ snapshot: HistorySnapshot, keys: RecentKeys, now: ContinuousClock.Instant) {
    self.snapshot = snapshot
    self.keys = keys
    moment = now
  }

  private mutating func next() -> HandoverPacket {
    if let record = snapshot.next() { return .history(record) }
    if nextKey < keys.count {
      let (key, number, time) = keys.entry(at: nextKey)
      nextKey += 1
      return .key(key, number: number, age: moment - time)
    }
    hasEnded = true
    return .end
  }

  /// The next packets, until they have so many bytes together.
  mutating func packets(ofBytes limit: Int) -> [Packet] {
    var packets: [Packet] = []
    var bytes = 0
    while !hasEnded, bytes < limit {
      let packet = next().packet
      bytes += packet.bytes.count
      packets.append(packet)
    }
    return packets
  }
}
