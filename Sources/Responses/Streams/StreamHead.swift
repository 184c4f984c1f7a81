package import Hub
package import Reactor

/// The head of a stream's response, which evhttp does not write; made once a second, for its date.
package final class StreamHead {
  /// Beside what depends on the request.
  ///
  /// nginx looks at two of them alone: `X-Accel-Buffering: no` has it send on at once what it reads,
  /// and its gzip passes over what has a content coding already, where zlib would allot 256 KiB to
  /// each stream (zconf.h). RFC 9110, section 8.4.1, would have `identity` not stand here; browsers
  /// take it for no coding.
  static let headers: HTTPHeaders = [
    ("Content-Type", "text/event-stream; charset=utf-8"),
    ("Content-Encoding", "identity"),
    ("Cache-Control", "no-store, no-transform"),
    ("X-Accel-Buffering", "no"),
  ]

  private var second: Int64?
  private var chunked: [UInt8] = []
  private var plain: [UInt8] = []

  /// Of now, when it is first asked for.
  package init() {}

  /// The whole head.
  ///
  /// - Parameter more: further fields.
  package func bytes(_ framing: Framing, and more: HTTPHeaders) -> [UInt8] {
    let now = WallClock.seconds
    if second != now {
      second = now
      chunked = Self.make("HTTP/1.1 200 OK", [("Transfer-Encoding", "chunked")])
      plain = Self.make("HTTP/1.0 200 OK", [])
    }
    var bytes = framing == .chunked ? chunked : plain
    if !more.fields.isEmpty { bytes.append(contentsOf: Self.lines(more).utf8) }
    bytes.append(contentsOf: "\r\n".utf8)
    return bytes
  }

  private static func make(_ status: String, _ first: HTTPHeaders) -> [UInt8] {
    let date = "Date: \(WallClock.httpDate)\r\nConnection: close\r\n"
    return Array("\(status)\r\n\(date)\(lines(first))\(lines(headers))".utf8)
  }

  private static func lines(_ headers: HTTPHeaders) -> String {
    headers.fields.map { "\($0.name): \($0.value)\r\n" }.joined()
  }
}
