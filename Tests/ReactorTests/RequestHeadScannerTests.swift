import Testing

@testable import Reactor

@Suite struct RequestHeadScannerTests {
  /// The verdict on a head that comes in pieces of `size` bytes.
  private func verdict(
    _ head: String, pieces size: Int = .max, _ limits: RequestHeadScanner.Limits = .init()
  ) -> RequestHeadScanner.Verdict {
    var scanner = RequestHeadScanner(limits: limits)
    var rest = Array(head.utf8)[...]
    while !rest.isEmpty {
      let piece = Array(rest.prefix(size))
      rest = rest.dropFirst(size)
      _ = scanner.scan(piece.span)
    }
    return scanner.verdict
  }

  private func status(_ head: String, _ limits: RequestHeadScanner.Limits = .init()) -> Int? {
    guard case .refused(let refusal) = verdict(head, limits) else { return nil }
    return refusal.status.rawValue
  }

  private func verdict(_ head: String, _ limits: RequestHeadScanner.Limits)
    -> RequestHeadScanner
    .Verdict
  {
    verdict(head, pieces: .max, limits)
  }

  @Test(arguments: [
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\n",
    "POST /post HTTP/1.1\r\nHost: [::1]:5000\r\nContent-Length: 5\r\n\r\n",
    "GET /a?b=%20 HTTP/1.1\r\nhost:\ta.example:80 \r\nX-Y: \u{e4}\u{f6}\r\nEmpty:\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "DELETE / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
  ])
  func `a proper head is let through, however it is cut`(head: String) {
    for size in 1...head.utf8.count { #expect(verdict(head, pieces: size) == .complete) }
  }

  @Test(arguments: [
    "GET / HTTP/1.1\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\n\n",
    "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n",
    "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /\u{1} HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /\u{e4} HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET a HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
    "GET /\r\n\r\n",
    "GET / HTP/1.1\r\nHost: a\r\n\r\n",
    "GET / HTTP/-1.-3\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost:\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n",
    "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n 5\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\n: empty\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nX Y: z\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nX: \u{0}\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\n\u{0}\r\nX: y\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\ncontent-length: 5\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5,5\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1111111111111111111\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n",
    "HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n",
    "TRACE / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n",
  ])
  func `what can be read in two ways is refused with 400`(head: String) {
    #expect(status(head) == 400)
  }

  @Test(arguments: [
    "chunked", "xchunked", "chunked, x", "identity", "gzip, chunked", "\u{b}chunked",
  ])
  func `a body without a length is refused with 411`(coding: String) {
    let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \(coding)\r\n"
    #expect(status(head + "\r\n") == (coding.hasPrefix("\u{b}") ? 400 : 411))
    #expect(status("\(head)Content-Length: 5\r\n\r\n") != nil)
  }

  @Test(arguments: ["HTTP/1.9", "HTTP/0.9", "HTTP/2.0"])
  func `other versions are refused with 505`(version: String) {
    #expect(status("GET / \(version)\r\nHost: a\r\n\r\n") == 505)
  }

  @Test(arguments: ["BREW", "get", "CONNECT", "PROPFIND"])
  func `unknown methods are refused with 501`(method: String) {
    #expect(status("\(method) / HTTP/1.1\r\nHost: a\r\n\r\n") == 501)
  }

  @Test func `sizes are bounded, and the bound itself is allowed`() {
    let limits = RequestHeadScanner.Limits(headBytes: 100, lines: 3, bodyBytes: 10)
    func head(_ length: Int) -> String {
      let fixed = "GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n"
      return fixed.replacing(
        "X: ", with: "X: " + String(repeating: "y", count: length - fixed.utf8.count))
    }
    #expect(verdict(head(100), limits) == .complete)
    #expect(status(head(101), limits) == 431)
    #expect(status("GET /" + String(repeating: "a", count: 200), limits) == 414)
    let line = "X: y\r\n"
    #expect(verdict("GET / HTTP/1.0\r\n\(line)\(line)\(line)\r\n", limits) == .complete)
    #expect(status("GET / HTTP/1.0\r\n\(line)\(line)\(line)\(line)\r\n", limits) == 431)
    let post = "POST / HTTP/1.0\r\nContent-Length: "
    #expect(verdict("\(post)10\r\n\r\n", limits) == .complete)
    #expect(status("\(post)11\r\n\r\n", limits) == 413)
  }

  @Test func `a body is not looked at`() {
    #expect(
      verdict("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n\n\0\r\n") == .complete)
  }
}

extension String {
  fileprivate func replacing(_ target: String, with other: String) -> String {
    guard let place = range(of: target) else { return self }
    return self[..<place.lowerBound] + other + self[place.upperBound...]
  }

  fileprivate func range(of target: String) -> Range<Index>? {
    indices.first { self[$0...].hasPrefix(target) }.map {
      $0..<index($0, offsetBy: target.count)
    }
  }
}
