package import BelfryClient
package import EventStream
internal import Reactor

/// Reads one listener's stream: the response around it, and the events in it.
package struct StreamReader: Sendable {
  /// What was found in one stretch of the stream.
  package struct Stretch {
    /// Where reading stopped.
    package var end: Int
    /// How many events were handed over.
    package var events = 0
    /// Whether the next byte begins something new: no chunk and no event is half read.
    package var isClean = false
    /// Whether the server has ended the response in good order.
    package var hasEnded = false
  }

  /// More than any message of a load.
  private static let maximumEventBytes = 4 << 20

  private var response = ResponseReader()
  private var decoder = EventStreamDecoder(maximumEventBytes: maximumEventBytes)

  package init() {}

  /// Whether the next byte begins something new.
  package var isClean: Bool { response.isBetweenChunks && decoder.isBetweenEvents }
  package var lastEventID: String { decoder.lastEventID }
  package var comments: Int { decoder.comments }
  package var unknownFields: Int { decoder.unknownFields }
  package var reconnectionTime: Duration? { decoder.reconnectionTime }

  /// The stream was read on without this reader, up to the event with this id. Only where it is clean.
  package mutating func resume(after id: String) { decoder.resume(after: id) }

  /// Reads from `start` up to the next point where everything is whole, or to the end.
  ///
  /// - Parameter onHead: may say that the response is none we want, by throwing.
  package mutating func read(
    _ bytes: Span<UInt8>, from start: Int,
    onHead: (ResponseHead) throws(ResponseError) -> Void, onEvent: (DecodedEvent) -> Void
  ) throws(ResponseError) -> Stretch {
    var stretch = Stretch(end: start)
    while true {
      // A body without chunks is cut where its events end.
      let limit =
        response.isUntilClose ? Self.blankLineEnd(in: bytes, from: stretch.end) : bytes.count
      switch try response.next(bytes.extracting(0..<limit), &stretch.end) {
      case .needsMore:
        stretch.isClean = isClean
        return stretch
      case .end:
        stretch.hasEnded = true
        return stretch
      case .head(let head):
        try onHead(head)
        guard isClean else { continue }
      case .body(let range):
        try decode(bytes.extracting(range), &stretch, onEvent)
        guard response.isUntilClose, isClean else { continue }
      case .chunkEnd:
        guard isClean else { continue }
      }
      stretch.isClean = true
      return stretch
    }
  }

  private mutating func decode(
    _ bytes: Span<UInt8>, _ stretch: inout Stretch, _ onEvent: (DecodedEvent) -> Void
  ) throws(ResponseError) {
    var events = 0
    do throws(EventStreamError) {
      try decoder.decode(bytes) { event in
        events += 1
        onEvent(event)
      }
    } catch {
      throw ResponseError("\(error)")
    }
    stretch.events += events
  }

  /// Where the first blank line ends, or the bytes do.
  private static func blankLineEnd(in bytes: Span<UInt8>, from start: Int) -> Int {
    var index = start
    while index + 1 < bytes.count {
      index += 1
      guard bytes[index] == UInt8(ascii: "\n") else { continue }
      let before = bytes[index - 1]
      if before == UInt8(ascii: "\n") { return index + 1 }
      if before == UInt8(ascii: "\r"), index >= start + 2,
        bytes[index - 2] == UInt8(ascii: "\n")
      {
        return index + 1
      }
    }
    return bytes.count
  }
}
