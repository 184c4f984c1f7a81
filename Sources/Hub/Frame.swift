internal import EventStream
internal import Events

/// One event as the bytes that every stream is sent that gets it, and the event that they are made of; made
/// once and shared by the histories of its topics and the feeds that lack it.
final class Frame {
  /// The N of its id; 0 when it has none.
  let number: UInt64
  /// Its place in the order over all topics.
  let position: UInt64
  /// When it was taken in, by this node or by another that handed it on.
  let time: ContinuousClock.Instant
  /// One buffer for all of it: what is sent, and behind that the event (`Event.encode`), without its data where
  /// that stands in what is sent already.
  let bytes: [UInt8]
  /// Where the SSE event in it ends.
  private let end: UInt32
  /// Where the event's data begins in it; 0: the data stands behind it.
  private let data: UInt32

  /// Where the HTTP/1.1 chunk (RFC 9112, section 7.1) begins: `hex CRLF event CRLF`.
  private let start: UInt8
  /// Whether it is word of the room's history, and no message.
  let isNotice: Bool
  /// Whether only those get it who have a grant.
  let isPrivate: Bool
  /// In the histories of how many topics it is; `FrameLedger` counts.
  var histories: UInt16 = 0
  /// How many feeds have members that lack it; `FrameLedger` counts.
  var feeds: UInt32 = 0
  /// In how many feeds it is on its way to those who were there when it came.
  var underway: UInt32 = 0

  /// - Parameter event: what `sent` is made of; nil for what is never in history.
  init(
    _ sent: ServerSentEvent, _ event: Event? = nil, number: UInt64, position: UInt64,
    time: ContinuousClock.Instant, isNotice: Bool = false, isPrivate: Bool = false
  ) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.capacity(sent, event))
    bytes.append(contentsOf: repeatElement(0, count: Framing.longestHead))
    let isOneLine = sent.encode(into: &bytes)
    let end = bytes.count
    // A message of 64 MiB grows sevenfold at most (`--max-message`).
    self.end = UInt32(end)
    // Within the longest head.
    start = UInt8(Framing.chunked.close(Framing.longestHead..<end, in: &bytes))
    if let event, isOneLine {
      // The two line feeds that end the event follow it.
      data = UInt32(end - 2 - event.data.utf8.count)
      event.encodeHead(into: &bytes)
    } else {
      data = 0
      event?.encode(into: &bytes)
    }
    self.bytes = bytes
    self.number = number
    self.position = position
    self.time = time
    self.isNotice = isNotice
    self.isPrivate = event?.isPrivate ?? isPrivate
  }

  /// What it takes, nearly to the byte for a message of one line: room that is left over stays with the frame.
  private static func capacity(_ sent: ServerSentEvent, _ event: Event?) -> Int {
    // The chunk's head, `id: EPOCH-N`, `data: `, the line feeds and the chunk's end.
    var capacity = Framing.longestHead + 40 + (sent.data?.utf8.count ?? 0)
    capacity += sent.type?.utf8.count ?? 0
    guard let event else { return capacity }
    // The fields that each event has, and a sender's id.
    capacity += 32 + (event.room?.text.utf8.count ?? 0) + (event.sender?.name.utf8.count ?? 0)
    guard let key = event.key else { return capacity }
    return capacity + key.utf8.count + (event.keyScope?.text.utf8.count ?? 0)
  }

  /// The event; nil for what is never in history.
  var event: Event? {
    let end = Int(end)
    let behind = bytes[(end + 2)...]
    return data == 0
      ? Event(encoded: behind) : Event(head: behind, data: bytes[Int(data)..<end - 2])
  }

  /// Whether it is a line without an id.
  var isStray: Bool { number == 0 && !isNotice }

  /// Bytes that a stream is sent.
  var size: Int { Int(end) + 2 - Int(start) }

  /// What the frame counts for in the bounds of a history: its bytes and the bookkeeping beside them.
  var cost: Int { bytes.count + Frame.overhead }

  /// Bytes of the frame's record (72, and a word of the allocator's), of a reference in a history (8, and as many
  /// that the list has in reserve) and of its array's header (32).
  private static var overhead: Int { 128 }

  func range(_ framing: Framing) -> Range<Int> {
    framing == .chunked ? Int(start)..<Int(end) + 2 : Framing.longestHead..<Int(end)
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
