internal import EventStream

/// One message as the bytes that every stream of its room is sent; made once, immutable and shared.
struct Frame {
  /// The N of its id; 0 when it has none.
  let number: UInt64
  /// Its place in the order over all rooms.
  let position: UInt64
  /// When it was taken in, by this node or by another that handed it on.
  let time: ContinuousClock.Instant
  /// How many bytes its room had taken in before it.
  let offset: UInt64
  /// The SSE event inside its HTTP/1.1 chunk (RFC 9112, section 7.1): `hex CRLF event CRLF`.
  let bytes: [UInt8]
  /// Where the event itself stands in `bytes`: what an HTTP/1.0 stream is sent.
  let event: Range<Int>

  /// Whether it is word of the room's history, and no message.
  let isNotice: Bool

  init(
    _ event: ServerSentEvent, number: UInt64, position: UInt64, offset: UInt64,
    time: ContinuousClock.Instant, isNotice: Bool = false
  ) {
    var payload: [UInt8] = []
    event.encode(into: &payload)
    bytes = Framing.chunked.frame(payload)
    self.event = bytes.count - 2 - payload.count..<bytes.count - 2
    self.number = number
    self.position = position
    self.offset = offset
    self.time = time
    self.isNotice = isNotice
  }

  /// What the frame counts for in the bounds of a history: its bytes and the bookkeeping beside them.
  var cost: Int { bytes.count + Frame.overhead }

  /// The frame's record and its array's header, in bytes.
  private static var overhead: Int { MemoryLayout<Frame?>.stride + 32 }

  func range(_ framing: Framing) -> Range<Int> {
    framing == .chunked ? 0..<bytes.count : event
  }
}

/// How a stream's bytes are put on its connection.
package enum Framing: Sendable {
  /// HTTP/1.1: `Transfer-Encoding: chunked`.
  case chunked
  /// HTTP/1.0: the bare bytes until the connection is closed.
  case plain

  /// `payload` as one chunk, or as it is.
  func frame(_ payload: [UInt8]) -> [UInt8] {
    guard self == .chunked else { return payload }
    let size = String(payload.count, radix: 16)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(size.utf8.count + 4 + payload.count)
    bytes.append(contentsOf: size.utf8)
    bytes.append(contentsOf: [13, 10])
    bytes.append(contentsOf: payload)
    bytes.append(contentsOf: [13, 10])
    return bytes
  }

  /// What ends a stream properly: the last chunk, or nothing but the close.
  var end: [UInt8] { self == .chunked ? Array("0\r\n\r\n".utf8) : [] }
}
