import BelfryClient
import Reactor
import TestSupport
import Testing

@Suite struct ResponseReaderTests {
  /// Reads a response in pieces of so many bytes: its head, its body, and whether it is complete.
  private func read(
    _ text: String, pieces: Int = 7
  ) throws -> (head: ResponseHead?, body: String, isComplete: Bool) {
    var reader = ResponseReader()
    var head: ResponseHead?
    var body: [UInt8] = []
    let bytes = Array(text.utf8)
    var start = 0
    while start < bytes.count {
      let piece = Array(bytes[start..<min(bytes.count, start + pieces)])
      start += piece.count
      var index = 0
      loop: while true {
        switch try reader.next(piece.span, &index) {
        case .needsMore: break loop
        case .head(let found): head = found
        case .body(let range): body += piece[range]
        case .chunkEnd: continue
        case .end: return (head, String(decoding: body, as: UTF8.self), true)
        }
      }
    }
    return (head, String(decoding: body, as: UTF8.self), reader.mayEndHere)
  }

  @Test(arguments: [1, 7, 1000])
  func `a length beyond all bytes is read for as long as bytes come`(pieces: Int) throws {
    for framing in [
      "Content-Length: \(Int.max)\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n7FFFFFFFFFFFFFF\r\n",
    ] {
      let (_, body, isComplete) = try read(
        "HTTP/1.1 200 OK\r\n\(framing)some bytes", pieces: pieces)
      #expect(body == "some bytes" && !isComplete)
    }
  }

  @Test func `blanks around a field's value are no part of it`() throws {
    let (head, _, _) = try read("HTTP/1.1 200 OK\r\nServer: \t a b \t \r\n\r\n")
    #expect(head?.headers["Server"] == "a b")
  }

  @Test(arguments: [1, 2, 3, 5, 1000])
  func `chunks are taken off, wherever they are cut`(pieces: Int) throws {
    let text =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
      + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1B;name=value\r\n, this is a longer chunk…\r\n"
      + "0\r\nTrailer: x\r\n\r\n"
    let (head, body, isComplete) = try read(text, pieces: pieces)
    #expect(head?.status == 200 && head?.contentType == "text/event-stream")
    #expect(body == "hello, this is a longer chunk…" && isComplete)
  }

  @Test func `a length, no body and the connection's end are told apart`() throws {
    let counted = try read("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc")
    #expect(counted.body == "abc" && counted.isComplete)
    let short = try read("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc")
    #expect(!short.isComplete)
    let none = try read("HTTP/1.1 204 No Content\r\n\r\n")
    #expect(none.head?.status == 204 && none.isComplete && none.body == "")
    let closed = try read("HTTP/1.0 200 OK\r\n\r\nabc")
    #expect(closed.body == "abc" && closed.isComplete)
    let interim = try read("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 Done\r\n\r\n")
    #expect(interim.head?.reason == "Done" && interim.isComplete)
  }

  @Test(arguments: [
    "HTTP/2 200 OK\r\n\r\n", "200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 200 OK\n\n",
    "HTTP/1.1 200 OK\r\n folded: x\r\n\r\n", "HTTP/1.1 200 OK\r\nno field\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
  ])
  func `a head that can be read in two ways is refused`(text: String) {
    #expect(throws: ResponseError.self) { try read(text) }
  }

  @Test(arguments: [
    "x\r\n", "\r\n", "5\n", "5\r\nhelloX\r\n", "5\r\nhello\rX", "5\r\nhello\n", "-1\r\n",
    "1111111111111111\r\n",
  ])
  func `a chunk that is none is refused`(text: String) {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    #expect(throws: ResponseError.self) { try read(head + text) }
  }

  @Test func `a head without an end is refused`() {
    let text = "HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 70_000)
    #expect(throws: ResponseError.self) { try read(text, pieces: 4096) }
  }

  @Test func `it says whether the connection is kept`() throws {
    func keeps(_ text: String) throws -> Bool? { try read(text).head?.keepsConnection }
    #expect(try keeps("HTTP/1.1 204 x\r\n\r\n") == true)
    #expect(try keeps("HTTP/1.1 204 x\r\nConnection: Close\r\n\r\n") == false)
    #expect(try keeps("HTTP/1.0 204 x\r\n\r\n") == false)
    #expect(try keeps("HTTP/1.0 204 x\r\nConnection: keep-alive\r\n\r\n") == true)
  }
}
