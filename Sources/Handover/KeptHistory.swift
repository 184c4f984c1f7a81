package import Hub
package import Reactor

/// What a server that ends leaves to the next process of its service: all that a successor would be
/// told, in a file that the service manager keeps meanwhile (FDSTORE=1, sd_notify(3)).
package struct KeptHistory {
  /// There is something, but it is not to be used.
  package struct Unusable: Error, CustomStringConvertible { package let description: String }

  /// When the ages of messages were taken, on `MonotonicClock`.
  private let written: UInt64
  private let packets: [HandoverPacket]
  /// The random key that signed sessions.
  package let secret: [UInt8]?

  /// Reads it; nil when there is nothing, or what there was has been used.
  ///
  /// - Parameter backplane: names what messages go through now, see `HandoverPacket.Hello`.
  /// - Throws: `Unusable`, or a `ReactorError` when the file can't be read.
  package init?(_ file: MemoryFile, backplane: String) throws {
    var packets: [HandoverPacket] = []
    var decoder = PacketDecoder()
    var isMalformed = false
    var isEmpty = true
    try file.read { bytes in
      isEmpty = false
      decoder.decode(bytes) { packet in
        if let packet = try? HandoverPacket(packet) {
          packets.append(packet)
        } else {
          isMalformed = true
        }
      }
    }
    guard !isEmpty else { return nil }
    guard !isMalformed, decoder.isBetweenPackets, packets.count >= 3, packets.last == .end,
      case .hello(let hello) = packets[0], HandoverPacket.Hello.versions.contains(hello.version),
      case .written(let time) = packets[1], Self.isInOrder(packets[2..<packets.count - 1])
    else {
      throw Unusable(description: "it is damaged, or another version of Belfry wrote it")
    }
    guard hello.backplane == backplane else {
      throw Unusable(description: "--redis has changed")
    }
    written = time
    secret = hello.secret
    self.packets = packets
  }

  /// Whether the packets of a history follow each other as they should.
  private static func isInOrder(_ packets: ArraySlice<HandoverPacket>) -> Bool {
    var order = HistoryOrder()
    var upgrade = LineUpgrade()
    var hasKeys = false
    return packets.allSatisfy { packet in
      switch packet {
      case .history, .line:
        return !hasKeys && (upgrade.record(packet).map { order.accepts($0) } ?? false)
      case .key(_, let number, _):
        hasKeys = true
        return order.covers(number)
      default: return false
      }
    }
  }

  /// Brings it in; the hub has had no message and no listener.
  ///
  /// - Parameter local: nil when the history is kept elsewhere.
  package func restore(to hub: Hub, _ local: LocalBackplane?) {
    let elapsed = MonotonicClock.nanoseconds - min(written, MonotonicClock.nanoseconds)
    let then = ContinuousClock.now - .nanoseconds(Int64(clamping: elapsed))
    var keys = RecentKeys()
    var upgrade = LineUpgrade()
    for packet in packets {
      switch packet {
      case .history, .line:
        if let record = upgrade.record(packet) { hub.restore(record, now: then) }
      case .key(let key, let number, let age): keys.remember(key, number: number, now: then - age)
      default: break
      }
    }
    local?.resume(epoch: hub.epoch, newest: hub.newest, keys: keys)
  }

  /// Writes it. Nothing may be published afterwards.
  ///
  /// - Parameter local: nil when the history is kept elsewhere.
  package static func write(
    _ hello: HandoverPacket.Hello, _ hub: Hub, _ local: LocalBackplane?, to file: MemoryFile
  ) throws(ReactorError) {
    func append(_ packets: [Packet]) throws(ReactorError) {
      var bytes: [UInt8] = []
      for packet in packets { packet.encode(into: &bytes) }
      try file.append(bytes)
    }
    let now = ContinuousClock.now
    let written = HandoverPacket.written(at: MonotonicClock.nanoseconds)
    try append([HandoverPacket.hello(hello).packet, written.packet])
    guard let local else { return try append([HandoverPacket.end.packet]) }
    var history = HandoverHistory(hub.snapshot(now: now), keys: local.keys, now: now)
    while !history.hasEnded { try append(history.packets(ofBytes: bytesPerWrite)) }
  }

  private static let bytesPerWrite = 256 << 10
}
