import Foundation
import Hub
import Reactor
import Testing

@testable import Operations

@Suite struct AccessEntryTests {
  private let client = Peer.address(IPAddress("192.0.2.7")!)

  private func line(
    _ format: AccessLogFormat, client: Peer, user: String? = nil, head text: String,
    status: HTTPStatus? = .ok, reason: CloseReason? = nil
  ) throws -> String {
    let head = try #require(RequestHead(Array(text.utf8)))
    let entry = AccessEntry(format, client: client, user: user, line: head.requestLine, head: head)
    let result = AccessResult(
      status: status, bytes: 1234, duration: .milliseconds(61_007), reason: reason)
    return String(decoding: entry.line(format, at: "TIME", result), as: UTF8.self)
  }

  private let stream = """
    GET /stream?room=a&last_event_id=x-1 HTTP/1.1\r
    Host: a\r
    Referer: http://example.org/\r
    User-Agent: Mozilla/5.0 "quoted" \u{E4}\r
    \r

    """

  @Test func `combined is what nginx writes, then seconds and reason`() throws {
    #expect(
      try line(.combined, client: client, user: "Ann Lee", head: stream, reason: .slow)
        == #"192.0.2.7 - Ann\x20Lee [TIME] "GET /stream?room=a&last_event_id=x-1 HTTP/1.1" 200 1234 "#
        + #""http://example.org/" "Mozilla/5.0 \x22quoted\x22 \xC3\xA4" 61.007 slow"#)
    #expect(
      try line(.combined, client: .unix, head: "GET / HTTP/1.0\r\n\r\n", status: nil)
        == #"unix: - - [TIME] "GET / HTTP/1.0" 499 1234 "-" "-" 61.007 -"#)
  }

  @Test func `JSON has the same keys in every line`() throws {
    #expect(
      try line(.json, client: client, user: "Ann", head: stream, reason: .client)
        == #"{"time":"TIME","client":"192.0.2.7","user":"Ann","#
        + #""request":"GET /stream?room=a&last_event_id=x-1 HTTP/1.1","#
        + #""referer":"http://example.org/","agent":"Mozilla/5.0 \"quoted\" ä","#
        + #""status":200,"bytes":1234,"seconds":61.007,"closed":"client"}"#)
    #expect(
      try line(.json, client: .unix, head: "GET / HTTP/1.0\r\n\r\n", status: nil)
        == #"{"time":"TIME","client":"unix:","user":null,"request":"GET / HTTP/1.0","#
        + #""referer":null,"agent":null,"status":499,"bytes":1234,"seconds":61.007,"closed":null}"#)
  }

  @Test(arguments: AccessLogFormat.allCases)
  func `whatever is in a request, its line is one, whole and read back`(
    format: AccessLogFormat
  ) throws {
    let nasty = (UInt8.min...UInt8.max).filter { $0 != 10 && $0 != 13 }
    for length in [1, 100, 5000] {
      let field = (0..<length).map { nasty[$0 % nasty.count] }
      let printable = field.map { $0 > 0x20 && $0 < 0x7F ? $0 : UInt8(ascii: "\"") }
      let headerText = field.map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: "\t") : $0 }
      let bytes =
        Array("GET /".utf8) + printable + Array(" HTTP/1.0\r\nUser-Agent: ".utf8) + headerText
        + Array("\r\nReferer: ".utf8) + headerText + Array("\r\n\r\n".utf8)
      let head = RequestHead(bytes)
      let user = String(decoding: field, as: UTF8.self)
      // Too long for a head, it is what a refused request leaves.
      let line = head?.requestLine ?? field
      let entry = AccessEntry(format, client: client, user: user, line: line, head: head)
      let text = entry.line(
        format, at: "TIME",
        AccessResult(status: .badRequest, bytes: 0, duration: .zero, reason: .client))
      #expect(text.count <= LogFile.maximumLineBytes)
      #expect(!text.contains { $0 < 0x20 || $0 == 0x7F })
      switch format {
      case .combined:
        let pattern =
          #/192\.0\.2\.7 - \S+ \[TIME\] "[^"]*" 400 0 "[^"]*" "[^"]*" 0\.000 client/#
        #expect(String(decoding: text, as: UTF8.self).wholeMatch(of: pattern) != nil)
      case .json:
        let object = try JSONSerialization.jsonObject(with: Data(text)) as? [String: Any]
        #expect(object?.count == 10 && object?["status"] as? Int == 400)
        if length == 100 { #expect(object?["user"] as? String == user) }
      }
    }
  }
}
