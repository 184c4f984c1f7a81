import EventStream
import Foundation
import Reactor
import TestSupport
import Testing

/// The chat that Belfry comes from, a Flask app, on the same Redis: one room for both.
@Suite(.serialized) struct FlaskTests {
  /// The running app; ended with the test.
  final class Flask {
    var port: UInt16 { reserved.number }
    private let reserved: ReservedPort
    private let process: ChildProcess

    init(_ redis: RedisServer) throws {
      reserved = try ReservedPort()
      let app = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../../Benchmarks/peers/flask/app.py").standardizedFileURL
      process = try ChildProcess(
        "/usr/bin/python3",
        [
          "-m", "flask", "--app", app.path, "run", "--port", "\(reserved.number)", "--with-threads",
          "--no-debugger", "--no-reload",
        ], environment: ["REDIS_URL": redis.url, "PYTHONDONTWRITEBYTECODE": "1"])
      let isUp = eventually { (try? Client(port: port)) != nil || !process.isRunning }
      try #require(isUp && process.isRunning, "the Flask app did not start")
    }

    private func request(
      _ method: String, _ path: String, _ form: String = "", cookie: String? = nil
    ) throws -> Response {
      let client = try Client(port: port)
      let field = cookie.map { "Cookie: \($0)\r\n" } ?? ""
      try client.send(
        "\(method) \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\(field)"
          + "Content-Type: application/x-www-form-urlencoded\r\n"
          + "Content-Length: \(form.utf8.count)\r\n\r\n" + form)
      return try client.response()
    }

    func signIn(_ name: String) throws -> String {
      let response = try request("POST", "/login", "user=\(name)")
      return try #require(response["Set-Cookie"]?.split(separator: ";").first.map(String.init))
    }

    func post(_ message: String, cookie: String) throws {
      let status = try request("POST", "/post", "message=\(message)", cookie: cookie).status
      #expect(status == 204 || status == 200)
    }
  }

  /// A listener of the app, whose answer has no head before its first line.
  private func listen(_ flask: Flask) throws -> Client {
    let client = try Client(port: flask.port)
    try client.send("GET /stream HTTP/1.0\r\nHost: a\r\n\r\n")
    return client
  }

  @Test func `a line posted on either is heard by the listeners of both, equal to the byte, once`()
    throws
  {
    let redis = try RedisServer()
    let node = try Node(redis.node)
    let flask = try Flask(redis)
    let theirs = try listen(flask)
    let ours = try node.listen()
    let client = try redis.client()
    // The app subscribes while it streams.
    try #require(
      eventually { (try? client.ask("PUBSUB", "NUMSUB", "chat").hasSuffix("2")) ?? false })

    let cookie = try flask.signIn("Bob")
    var texts: [String] = []
    for number in 1...5 {
      try node.post("ours%20\(number)%20%F0%9F%94%94%20%3Cb%3E")
      texts.append("ours \(number) 🔔 <b>")
      try flask.post("theirs%20\(number)%20%E4%B8%AD", cookie: cookie)
      texts.append("theirs \(number) 中")
    }
    try node.post("the end")

    // Its server sends each line as a chunk of its own, whatever the client speaks.
    let end = Array("the end\n\n\r\n".utf8)
    let bytes = try theirs.receive { $0.suffix(end.count).elementsEqual(end) }
    let head = try #require(bytes.firstRange(of: Array("\r\n\r\n".utf8)))
    let chunks = String(decoding: bytes[head.upperBound...], as: UTF8.self)
      .components(separatedBy: "\r\n")
    let heard = chunks.filter { $0.hasPrefix("data: ") }.map {
      String($0.dropFirst("data: ".count).dropLast(2))
    }
    let events = try (0..<11).map { _ in try #require(try ours.next()) }
    #expect(events.map(\.data) == heard)
    for (line, text) in zip(heard, texts) {
      #expect(line.wholeMatch(of: /\[\d\d:\d\d:\d\d\] (anonymous|Bob): .*/) != nil)
      #expect(line.hasSuffix(": " + text))
    }
    #expect(heard.count == 11)
  }
}
