internal import EventStream
internal import Events

/// One message as the bytes that every stream of its room is sent, and the event that they are made of; made
/// once, immutable and shared.
struct Frame {
  /// The N of its id; 0 when it has none.
  let number: UInt64
  /// Its place in the order over all rooms.
  let position: UInt64
  /// When it was taken in, by this node or by another that handed it on.
  let time: ContinuousClock.Instant
  /// How many bytes its room had taken in before it.
  let offset: UInt64
  /// One buffer for all of it: what is sent, and behind that the event (`Event.encode`), without its data where
  /// that stands in what is sent already.
  let bytes: [UInt8]
  /// Where the SSE event in it ends.
  private let end: Int
  /// Where the event's data begins in it; 0: the data stands behind it.
  private let data: Int

  /// Where the HTTP/1.1 chunk (RFC 9112, section 7.1) begins: `hex CRLF event CRLF`.
  private let start: UInt8
  /// Whether it is word of the room's history, and no message.
  let isNotice: Bool

  /// - Parameter event: what `sent` is made of; nil for what is never in history.
  init(
    _ sent: ServerSentEvent, _ event: Event? = nil, number: UInt64, position: UInt64,
    offset: UInt64, time: ContinuousClock.Instant, isNotice: Bool = false
  ) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.capacity(sent, event))
    bytes.append(contentsOf: repeatElement(0, count: Framing.longestHead))
    let isOneLine = sent.encode(into: &bytes)
    end = bytes.count
    // Within the longest head.
    start = UInt8(Framing.chunked.close(Framing.longestHead..<end, in: &bytes))
    if let event, isOneLine {
      // The two line feeds that end the event follow it.
      data = end - 2 - event.data.utf8.count
      event.encodeHead(into: &bytes)
    } else {
      data = 0
      event?.encode(into: &bytes)
    }
    self.bytes = bytes
    self.number = number
    self.position = position
    self.offset = offset
    self.time = time
    self.isNotice = isNotice
  }

  /// What it takes, nearly to the byte for a message of one line: room that is left over stays with the frame.
  private static func capacity(_ sent: ServerSentEvent, _ event: Event?) -> Int {
    // The chunk's head, `id: EPOCH-N`, `data: `, the line feeds and the chunk's end.
    var capacity = Framing.longestHead + 40 + (sent.data?.utf8.count ?? 0)
    capacity += sent.type?.utf8.count ?? 0
    guard let event else { return capacity }
    // The fields that each event has, and a sender's id.
    capacity += 32 + (event.room?.text.utf8.count ?? 0) + (event.sender?.name.utf8.count ?? 0)
    return capacity + (event.key?.utf8.count ?? 0)
  }

  /// The event; nil for what is never in history.
  var event: Event? {
    let behind = bytes[(end + 2)...]
    return data == 0
      ? Event(encoded: behind) : Event(head: behind, data: bytes[data..<end - 2])
  }

  /// Bytes that a stream is sent.
  var size: Int { end + 2 - Int(start) }

  /// What the frame counts for in the bounds of a history: its bytes and the bookkeeping beside them.
  var cost: Int { bytes.count + Frame.overhead }

  /// The frame's record and its array's header, in bytes.
  private static var overhead: Int { MemoryLayout<Frame?>.stride + 32 }

  func range(_ framing: Framing) -> Range<Int> {
    framing == .chunked ? Int(start)..<end + 2 : Framing.longestHead..<end
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

  /// Bytes of the longest head of a chunk: 8 hexadecimal digits and CRLF.
  static let longestHead = 10

  /// Makes a chunk of what stands in `bytes` behind `longestHead` bytes that are free, at their end; returns where
  /// the chunk begins.
  func close(_ payload: Range<Int>, in bytes: inout [UInt8]) -> Int {
    bytes.append(13)
    bytes.append(10)
    var start = payload.lowerBound - 2
    bytes[start] = 13
    bytes[start + 1] = 10
    var rest = payload.count
    repeat {
      let digit = UInt8(truncatingIfNeeded: rest & 15)
      start -= 1
      bytes[start] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
      rest >>= 4
    } while rest > 0
    return start
  }

  /// What ends a stream properly: the last chunk, or nothing but the close.
  var end: [UInt8] { self == .chunked ? Array("0\r\n\r\n".utf8) : [] }
}
