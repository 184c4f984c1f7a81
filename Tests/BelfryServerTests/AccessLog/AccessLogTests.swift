import BelfryServer
import Foundation
import Hub
import Reactor
import TestSupport
import Testing

/// A server's record of requests and streams.
@Suite struct AccessLogTests {
  /// A server that keeps one.
  private final class Recording {
    let path = "/tmp/belfry-\(UInt64.random(in: 0...UInt64.max)).log"
    let server: TestServer

    init(
      _ format: AccessLogFormat = .combined, _ change: (inout ServerSettings) -> Void = { _ in }
    ) throws {
      let path = path
      server = try TestServer {
        $0.accessLog = AccessLogSettings(path: path, format: format)
        change(&$0)
      }
    }

    deinit { unsafe unlink(path) }

    /// What is written so far.
    var lines: [String] {
      let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
      return text.split(separator: "\n").map(String.init)
    }

    /// Waits until so many lines are there; a test that wants no more asks again at the end.
    func lines(_ count: Int) throws -> [String] {
      guard eventually({ lines.count >= count }) else {
        throw Client.Failure(description: "only \(lines)")
      }
      return lines
    }
  }

  /// What stands behind the time.
  private func rest(_ line: String) -> String {
    line.split(separator: "] ", maxSplits: 1).last.map(String.init) ?? line
  }

  @Test func `each request and each stream has one line, however it ended`() throws {
    let recording = try Recording { $0.drainTime = .milliseconds(100) }
    let server = recording.server
    for number in 0..<30 { _ = try server.get("/healthz?\(number)") }
    let streams = try (0..<30).map { try server.listen("/stream?room=r\($0 % 3)") }
    for stream in streams[..<10] { stream.close() }
    for stream in streams[10..<20] { stream.reset() }
    // The others are ended by the server.
    #expect(eventually { server.counters.listeners == 10 })
    server.stop()
    for stream in streams[20...] { #expect(try stream.next() == nil) }
    let lines = recording.lines
    #expect(lines.count == 60)
    #expect(lines.count { $0.contains("/healthz?") && $0.hasSuffix(" -") } == 30)
    #expect(lines.count { $0.contains("/stream?") && $0.hasSuffix(" client") } == 20)
    #expect(lines.count { $0.contains("/stream?") && $0.hasSuffix(" drain") } == 10)
    for number in 0..<30 { #expect(lines.count { $0.contains("/healthz?\(number) ") } == 1) }
  }

  @Test func `a line says who asked for what, and what came of it`() throws {
    let recording = try Recording()
    let server = recording.server
    let cookie = try server.signIn("Ann Lee")
    let page = try server.get("/", cookie, "User-Agent: a \"b\"", "Referer: http://x/")
    _ = try server.post("/post", "message=x", cookie)
    _ = try server.get("/no/such?place")
    _ = try server.answer("HEAD", "/healthz")
    let lines = try recording.lines(5)
    #expect(lines.count == 5)
    let start = #/127\.0\.0\.1 - \S+ \[\d\d/\w\w\w/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "/#
    #expect(lines.allSatisfy { $0.prefixMatch(of: start) != nil })
    #expect(lines[0].contains(" - - ["))
    #expect(rest(lines[0]).hasPrefix(#""POST /login HTTP/1.1" 303 0 "#))
    #expect(lines[1].contains(#" - Ann\x20Lee ["#))
    let pageLine = #""GET / HTTP/1.1" 200 \#(page.body.count) "http://x/" "a \x22b\x22" "#
    #expect(rest(lines[1]).hasPrefix(pageLine))
    #expect(lines[2].contains(#" - Ann\x20Lee ["#))
    #expect(rest(lines[2]).hasPrefix(#""POST /post HTTP/1.1" 204 0 "-" "-" "#))
    #expect(rest(lines[3]).hasPrefix(#""GET /no/such?place HTTP/1.1" 404 "#))
    // A HEAD's answer has no body.
    #expect(rest(lines[4]).hasPrefix(#""HEAD /healthz HTTP/1.1" 200 0 "#))
    server.stop()
    #expect(recording.lines.count == 5)
  }

  @Test func `a stream's bytes are those of its body, and its time is that it was open`() throws {
    // A heartbeat would add to the bytes after they were counted.
    let recording = try Recording(.json) { $0.hub.heartbeat = .zero }
    let server = recording.server
    let listener = try server.listen("/stream", try server.signIn("Ann"), "User-Agent: me")
    _ = try listener.openingID()
    let start = ContinuousClock.now
    for number in 0..<20 {
      #expect(try server.post("/post", "message=\(number)").status == 204)
      _ = try listener.texts(1)
    }
    #expect(eventually { ContinuousClock.now - start > .milliseconds(50) })
    let bytes = server.counters.bytes
    listener.close()
    let lines = try recording.lines(22)
    let line = try #require(lines.last)
    let object = try #require(
      JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    let head = listener.response.head.utf8.count
    #expect(object["bytes"] as? Int == bytes - head)
    let seconds = try #require(object["seconds"] as? Double)
    #expect(seconds >= 0.05 && seconds < Double(Client.patience))
    #expect(object["user"] as? String == "Ann" && object["agent"] as? String == "me")
    #expect(object["request"] as? String == "GET /stream HTTP/1.1")
    #expect(object["closed"] as? String == "client" && object["referer"] is NSNull)
    server.stop()
    #expect(recording.lines.count == 22)
  }

  @Test func `requests that the router never sees have a line where they had an answer`() throws {
    let recording = try Recording { $0.http.requestTime = .seconds(1) }
    let server = recording.server
    let garbage = try server.client()
    try garbage.send(Array("G\u{1}T \"/ HTTP/1.1\r\n\r\n".utf8) + [0xFF])
    #expect(try garbage.response().status == 400)
    let slow = try server.client()
    try slow.send(
      "POST /post HTTP/1.1\r\nHost: a\r\nUser-Agent: slow\r\nContent-Length: 9\r\n\r\nmess")
    #expect(try slow.response().status == 408)
    // Gone in the middle of its request, or before it, it has no answer and no line.
    let half = try server.client()
    try half.send("GET /half")
    half.close()
    let nothing = try server.client()
    nothing.close()
    let lines = try recording.lines(2)
    #expect(rest(lines[0]).hasPrefix(#""G\x01T \x22/ HTTP/1.1" 400 "#))
    #expect(rest(lines[1]).hasPrefix(#""POST /post HTTP/1.1" 408 "#))
    #expect(lines[1].contains(#" "-" "slow" "#))
    server.stop()
    #expect(recording.lines.count == 2)
  }

  @Test func `a refused stream is a request`() throws {
    let recording = try Recording { $0.admission.listeners = 1 }
    let server = recording.server
    let listener = try server.listen()
    #expect(try server.get("/stream").status == 503)
    #expect(try server.get("/stream", "Accept: text/event-stream").status == 200)
    let lines = try recording.lines(2)
    #expect(rest(lines[0]).hasPrefix(#""GET /stream HTTP/1.1" 503 "#) && lines[0].hasSuffix(" -"))
    #expect(rest(lines[1]).hasPrefix(#""GET /stream HTTP/1.1" 200 "#) && lines[1].hasSuffix(" -"))
    listener.close()
    #expect(try recording.lines(3)[2].hasSuffix(" client"))
    server.stop()
    #expect(recording.lines.count == 3)
  }

  @Test func `the client is whom a trusted proxy names`() throws {
    let recording = try Recording { $0.trustedProxies = try! TrustedProxies(["127.0.0.1"]) }
    let server = recording.server
    _ = try server.get("/healthz", "X-Forwarded-For: 203.0.113.9, 198.51.100.4")
    let listener = try server.listen("/stream", "X-Forwarded-For: 2001:db8::7")
    listener.close()
    let lines = try recording.lines(2)
    #expect(lines[0].hasPrefix("198.51.100.4 - "))
    #expect(lines[1].hasPrefix("2001:db8::7 - "))
    server.stop()
  }

  @Test func `an answer that its client leaves unread is counted as far as it went`() throws {
    let recording = try Recording { $0.vue = [UInt8](repeating: 0x20, count: 8 << 20) }
    let server = recording.server
    let client = try Client(port: server.port, receiveBuffer: 4096)
    try client.send("GET /static/vue.js HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(try !client.receive().isEmpty)
    client.reset()
    let line = try recording.lines(1)[0]
    server.stop()
    let fields = rest(line).split(separator: " ")
    let bytes = try #require(Int(fields[4]))
    #expect(rest(line).hasPrefix(#""GET /static/"#) && bytes > 0 && bytes < 8 << 20, "\(line)")
    #expect(recording.lines.count == 1)
  }
}
