import LoadTest
import Testing

@Suite struct TargetTests {
  private func target(
    _ preset: Target.Preset = .belfry, _ change: (inout Target.Changes) -> Void = { _ in }
  ) throws -> Target {
    var changes = Target.Changes()
    change(&changes)
    return try Target(preset, changes)
  }

  private func problem(_ change: (inout Target.Changes) -> Void) -> String? {
    do {
      _ = try target(.belfry, change)
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test func `a preset fills in paths, body and type`() throws {
    let target = try target()
    let stream = String(
      decoding: target.streamRequest(rooms: ["a"], lastEventID: "x-7"), as: UTF8.self)
    #expect(stream.hasPrefix("GET /stream?room=a HTTP/1.1\r\nHost: 127.0.0.1:5000\r\n"))
    #expect(stream.contains("\r\nLast-Event-ID: x-7\r\n") && stream.hasSuffix("\r\n\r\n"))
    #expect(stream.contains("\r\nAccept: text/event-stream\r\n"))
    let post = String(
      decoding: target.publishRequest(room: "a", message: Array("hi".utf8)), as: UTF8.self)
    #expect(post.hasPrefix("POST /post HTTP/1.1\r\n"))
    #expect(
      post.contains("\r\nContent-Length: 17\r\n") && post.hasSuffix("\r\n\r\nmessage=hi&room=a"))
  }

  @Test func `what is written on the command line wins`() throws {
    let target = try target(.nchan) { changes in
      changes.url = "http://[::1]:81/base/"
      changes.streamPath = "/s"
      changes.publishURL = "http://example.org/p"
      changes.publishBody = "<{message}>"
      changes.contentType = "text/x"
      changes.headers = ["Cookie: a"]
      changes.publishHeaders = ["Authorization: b"]
    }
    #expect(target.stream.address == "[::1]:81" && target.stream.path == "/base/s")
    #expect(target.publish.address == "example.org:80" && target.publish.path == "/p")
    let post = String(decoding: target.publishRequest(room: "r", message: [120]), as: UTF8.self)
    #expect(post.contains("Authorization: b\r\n") && post.hasSuffix("\r\n\r\n<x>"))
    #expect(!post.contains("Cookie"))
    #expect(!target.hasRooms)
  }

  @Test func `a Unix socket stands in for the URL's host`() throws {
    let target = try target { $0.unix = "/run/belfry" }
    #expect(target.stream.address == "unix:/run/belfry")
    #expect(target.publish.address == "unix:/run/belfry")
    #expect(target.stream.host == "127.0.0.1:5000")
  }

  @Test func `Pushpin is published to on its own port`() throws {
    let target = try target(.pushpin) { $0.url = "http://127.0.0.1:7999" }
    #expect(target.publish.address == "127.0.0.1:5561")
    let post = String(decoding: target.publishRequest(room: "r", message: [120]), as: UTF8.self)
    #expect(post.hasSuffix(#"{"content":"data: x\n\n"}}}]}"#))
  }

  @Test func `what can't be done is refused in words`() {
    #expect(problem { $0.url = "https://example.org" }?.contains("https") == true)
    #expect(problem { $0.url = "localhost:5000" }?.contains("http://HOST:PORT") == true)
    #expect(problem { $0.url = "http://host:0" } != nil)
    #expect(problem { $0.url = "http://host:x" } != nil)
    #expect(problem { $0.publishBody = "hello" }?.contains("{message}") == true)
    #expect(problem { $0.streamPath = "/a b" } != nil)
    #expect(problem { $0.headers = ["nothing"] } != nil)
    #expect(problem { $0.publishHeaders = ["a: b\r\nc: d"] } != nil)
  }
}

@Suite struct TextTests {
  @Test func `numbers are written as people read them`() {
    #expect(Text.grouped(1_234_567) == "1,234,567" && Text.grouped(-1000) == "-1,000")
    #expect(Text.grouped(0) == "0" && Text.grouped(999) == "999")
    #expect(Text.fixed(1234.567, 2) == "1,234.57" && Text.fixed(0.05, 2) == "0.05")
    #expect(Text.fixed(-0.001, 2) == "0.00" && Text.fixed(1.999, 1) == "2.0")
    #expect(Text.number(0.01234) == "0.0123" && Text.number(1.234) == "1.23")
    #expect(Text.number(56.78) == "56.8" && Text.number(123.4) == "123" && Text.number(5) == "5")
    #expect(Text.time(5) == "5s" && Text.time(125) == "2m 05s" && Text.time(3720) == "1h 02m")
    #expect(Text.bytes(512) == "512 B" && Text.bytes(1536) == "1.50 KiB")
    #expect(Text.fixed(.nan, 1) == "–")
  }
}
