import Testing

@testable import Reactor

@Suite struct RequestHeadTests {
  private func read(_ text: String, pieces size: Int = .max) throws -> RequestHead {
    var scanner = RequestHeadScanner(limits: .init())
    var rest = Array(text.utf8)[...]
    var used = 0
    while !rest.isEmpty {
      used += scanner.scan(Array(rest.prefix(size)).span)
      rest = rest.dropFirst(size)
    }
    #expect(used == text.firstRange(of: "\r\n\r\n").map { text[..<$0.upperBound].utf8.count })
    return try #require(scanner.head)
  }

  @Test func `fields are found in any case, without the blanks around them`() throws {
    let text =
      "GET /a?b HTTP/1.0\r\nHost: a\r\nAccept:\t x y \r\nX-Two: 1\r\nx-two:2\r\nEmpty:\r\n\r\nrest"
    for size in 1...text.utf8.count {
      let head = try read(text, pieces: size)
      #expect(head.method == .get && head.target == "/a?b" && !head.isHTTP11 && !head.hasBody)
      #expect(head["accept"] == "x y" && head["ACCEPT"] == "x y")
      #expect(head["x-two"] == "1" && head.all("X-Two") == ["1", "2"])
      #expect(head["Empty"] == "" && head["Absent"] == nil && head.all("Absent").isEmpty)
      #expect(head["Accep"] == nil && head["Accept-"] == nil)
    }
  }

  @Test func `what is not UTF-8 is repaired`() throws {
    var scanner = RequestHeadScanner(limits: .init())
    let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\nX: y".utf8) + [0xFF] + Array("\r\n\r\n".utf8)
    #expect(scanner.scan(bytes.span) == bytes.count)
    #expect(scanner.head?["X"] == "y\u{FFFD}")
  }

  @Test(arguments: [
    ("GET /a?b=c HTTP/1.1\r\nHost: h\r\nAccept: x\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"),
    (
      "GET /a HTTP/1.0\r\nconnection: Keep-Alive\r\nCookie: x\r\n\r\n",
      "GET / HTTP/1.0\r\nconnection: Keep-Alive\r\n\r\n"
    ),
    (
      "POST /post HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nX: y\r\nContent-Length: 5\r\n\r\n",
      "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
    ),
    (
      "POST /post HTTP/1.1\r\nHost: h\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
    ),
    ("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n", "HEAD / HTTP/1.1\r\n\r\n"),
  ])
  func `evhttp is told how the request is framed, and nothing else`(
    head: String, framing: String
  ) throws {
    #expect(String(decoding: try read(head).framing, as: UTF8.self) == framing)
  }
}
