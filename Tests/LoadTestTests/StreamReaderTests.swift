import BelfryClient
import EventStream
import LoadTest
import Reactor
import TestSupport
import Testing

@Suite struct StreamReaderTests {
  private static func stream(chunked: Bool) -> String {
    let events = (0..<5).map { "id: \($0)\ndata: text \($0)\n\n" } + [": comment\n\n"]
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    return chunked
      ? head + "Transfer-Encoding: chunked\r\n\r\n"
        + events.map { "\(String($0.utf8.count, radix: 16))\r\n\($0)\r\n" }.joined() + "0\r\n\r\n"
      : head + "\r\n" + events.joined()
  }

  @Test(arguments: [true, false], [1, 2, 3, 10, 27, 10_000])
  func `events are the same wherever the stream is cut`(chunked: Bool, pieces: Int) throws {
    var reader = StreamReader()
    var texts: [String] = []
    let bytes = Array(Self.stream(chunked: chunked).utf8)
    var start = 0
    var hasEnded = false
    while start < bytes.count, !hasEnded {
      let piece = Array(bytes[start..<min(bytes.count, start + pieces)])
      start += piece.count
      var index = 0
      while index < piece.count, !hasEnded {
        let stretch = try reader.read(
          piece.span, from: index, onHead: { _ in }, onEvent: { texts.append($0.data) })
        #expect(stretch.end > index || stretch.hasEnded)
        index = stretch.end
        hasEnded = stretch.hasEnded
      }
    }
    #expect(texts == (0..<5).map { "text \($0)" })
    #expect(hasEnded == chunked && reader.comments == 1 && reader.lastEventID == "4")
  }

  @Test(arguments: [true, false])
  func `each event ends a stretch, so that its bytes can be known again`(chunked: Bool) throws {
    var reader = StreamReader()
    let bytes = Array(Self.stream(chunked: chunked).utf8)
    var index = 0
    var events: [Int] = []
    while index < bytes.count {
      let stretch = try reader.read(bytes.span, from: index, onHead: { _ in }, onEvent: { _ in })
      if stretch.hasEnded { break }
      #expect(stretch.isClean)
      events.append(stretch.events)
      index = stretch.end
    }
    // The head, five events, a comment.
    #expect(events == [0, 1, 1, 1, 1, 1, 0])
  }

  @Test func `a head that is not wanted ends it`() {
    var reader = StreamReader()
    let bytes = Array("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".utf8)
    #expect(throws: ResponseError.self) {
      try reader.read(
        bytes.span, from: 0,
        onHead: { (head) throws(ResponseError) in throw ResponseError("\(head.status)") },
        onEvent: { _ in })
    }
  }
}
