internal import CReactor
internal import Glibc

/// A descriptor that is closed with its owner.
package final class OwnedDescriptor {
  package let rawValue: Int32
  package init(_ rawValue: Int32) { self.rawValue = rawValue }
  deinit { close(rawValue) }
}

/// A connection to another process of the same program, on this machine.
///
/// Neither reading nor writing holds the loop for longer than a quarter of a mebibyte takes.
package final class PacketLink {
  /// Bytes read, or written, in one turn of the loop.
  private static let bytesPerTurn = 256 << 10

  private let end: OwnedDescriptor
  private let onPacket: (Packet) -> Void
  private let onRoom: () -> Void
  private let onEnd: () -> Void
  private var reading: LoopEvent?
  private var writing: LoopEvent?
  private var decoder = PacketDecoder()
  private var unsent: [UInt8] = []
  /// How much of `unsent` has been sent already.
  private var sent = 0
  private var hasEnded = false
  private var awaitsRoom = false

  /// - Parameters:
  ///   - end: of a stream socket.
  ///   - onRoom: `awaitRoom` was called, and everything has been sent.
  ///   - onEnd: the other process has closed its end, or ended; after its last packet.
  package init(
    _ end: OwnedDescriptor, on loop: EventLoop, onPacket: @escaping (Packet) -> Void,
    onRoom: @escaping () -> Void = {}, onEnd: @escaping () -> Void
  ) throws(ReactorError) {
    self.end = end
    self.onPacket = onPacket
    self.onRoom = onRoom
    self.onEnd = onEnd
    _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC)
    _ = fcntl(end.rawValue, F_SETFL, O_NONBLOCK)
    reading = try LoopEvent(on: loop, readable: end.rawValue) { [weak self] in self?.receive() }
    writing = try LoopEvent(on: loop, writable: end.rawValue) { [weak self] in self?.hasRoom() }
  }

  deinit {
    // Before the descriptor is closed.
    reading = nil
    writing = nil
  }

  /// Two ends that are connected.
  package static func makePair() throws(ReactorError) -> (OwnedDescriptor, OwnedDescriptor) {
    var ends: [Int32] = [-1, -1]
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard unsafe socketpair(AF_UNIX, type, 0, &ends) == 0 else {
      throw .fromErrno("socketpair", "connecting two processes")
    }
    return (OwnedDescriptor(ends[0]), OwnedDescriptor(ends[1]))
  }

  // MARK: Sending

  /// Sends a packet, now or when there is room.
  package func send(_ packet: Packet) { send([packet]) }

  /// Sends packets with one call, as far as there is room, and the rest later.
  package func send(_ packets: [Packet]) {
    guard !hasEnded else { return }
    let wasEmpty = unsent.isEmpty
    for packet in packets { packet.encode(into: &unsent) }
    if wasEmpty { flush() }
  }

  /// Has `onRoom` called once, in one of the loop's next turns, when everything has been sent.
  package func awaitRoom() {
    awaitsRoom = true
    writing?.arm()
  }

  private func hasRoom() {
    flush()
    guard awaitsRoom, unsent.isEmpty, !hasEnded else { return }
    awaitsRoom = false
    onRoom()
  }

  private func flush() {
    let flags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
    var budget = Self.bytesPerTurn
    while sent < unsent.count, budget > 0 {
      let count = unsafe unsent[sent...].withUnsafeBytes {
        unsafe Glibc.send(end.rawValue, $0.baseAddress, min($0.count, budget), flags)
      }
      if count > 0 {
        sent += count
        budget -= count
      } else if errno != EINTR {
        // An end of the connection shows itself when it is read.
        guard errno == EAGAIN else { return drop() }
        break
      }
    }
    if sent == unsent.count { drop() } else { writing?.arm() }
  }

  private func drop() {
    unsent = []
    sent = 0
  }

  // MARK: Receiving

  /// Takes what has come, and hands up what is complete of it.
  package func receive() {
    var block = [UInt8](repeating: 0, count: Self.bytesPerTurn)
    let count = unsafe recv(end.rawValue, &block, block.count, Int32(MSG_DONTWAIT))
    if count > 0 {
      decoder.decode(block[..<count], onPacket: onPacket)
    } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
      reading = nil
      hasEnded = true
      drop()
      onEnd()
    }
  }
}
