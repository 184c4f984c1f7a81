/// What one process of this program says to another: a kind, and bytes that mean something by it.
package struct Packet: Equatable, Sendable {
  package var kind: UInt8
  package var bytes: [UInt8]

  package init(kind: UInt8, bytes: [UInt8] = []) {
    self.kind = kind
    self.bytes = bytes
  }

  fileprivate static let headerBytes = 5

  /// Appends it as it is sent: its kind in one byte, its length in four, big endian, and that many
  /// bytes. They must be fewer than 4 GiB: the longest packet is a message, of 1 GiB at most in 0.1.0.
  package func encode(into output: inout [UInt8]) {
    output.append(kind)
    for shift in [24, 16, 8, 0] as [UInt32] {
      output.append(UInt8(truncatingIfNeeded: UInt32(bytes.count) >> shift))
    }
    output.append(contentsOf: bytes)
  }
}

/// Puts packets together again from bytes that come in any pieces.
package struct PacketDecoder {
  private var received: [UInt8] = []

  package init() {}

  /// Whether every packet was complete.
  package var isBetweenPackets: Bool { received.isEmpty }

  /// Takes the next bytes, and hands up the packets that they complete.
  package mutating func decode(_ bytes: some Sequence<UInt8>, onPacket: (Packet) -> Void) {
    received.append(contentsOf: bytes)
    var start = 0
    while received.count - start >= Packet.headerBytes {
      let length = received[start + 1..<start + Packet.headerBytes].reduce(0) { $0 << 8 | Int($1) }
      let next = start + Packet.headerBytes + length
      guard received.count >= next else { break }
      let packet = Packet(
        kind: received[start], bytes: Array(received[start + Packet.headerBytes..<next]))
      start = next
      onPacket(packet)
    }
    received.removeFirst(start)
  }
}
