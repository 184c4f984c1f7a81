import EventStream
import Hub
import Limits
import Logging
import Operations
import Reactor
import TestSupport
import Testing

@testable import BelfryServer

/// A whole server on a thread of its own, which the test talks to through sockets.
final class TestServer {
  /// Where it listens, unless a test has changed that; 0 where it has no port.
  let port: UInt16
  /// Held beyond the server's end, so that nobody else answers there then.
  private let reserved: ReservedPort
  private let thread: RunningThread
  private let shared: Shared

  private final class Shared: @unchecked Sendable {
    // Written before `port` is told, read after; used on the loop only, through `remote`.
    var server: Server?
    var remote: Remote?
    var failure: (any Error)?
    // Written before the thread ends, read after it was joined.
    var last: HubCounters?
    var lag = Duration.zero
  }

  /// - Parameter change: what is other than the defaults.
  init(_ change: (inout ServerSettings) -> Void = { _ in }) throws {
    var settings = ServerSettings()
    reserved = try ReservedPort()
    settings.listen = [.tcp(host: "127.0.0.1", port: reserved.number)]
    settings.drainTime = .milliseconds(500)
    // On a busy machine a test may take longer than the defaults let a client be slow or silent.
    settings.hub.listenerLag = .seconds(3600)
    settings.http.requestTime = .seconds(3600)
    settings.vue = Array("// Vue stands here.".utf8)
    change(&settings)
    let shared = Shared()
    self.shared = shared
    let announce = Channel<UInt16?>()
    thread = RunningThread { [settings] in
      do {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let server = try Server(settings, logger: logger)
        let (remote, door) = try server.makeRemote()
        shared.server = server
        shared.remote = remote
        var port: UInt16 = 0
        for case .tcp(_, let bound) in server.addresses { port = bound }
        announce.send(port)
        try server.run()
        shared.last = server.counters
        shared.lag = server.instruments.lag.takeLongest()
        shared.server = nil
        withExtendedLifetime(door) {}
      } catch {
        shared.failure = error
        announce.send(nil)
      }
    }
    guard let port = announce.receive() else {
      thread.join()
      throw shared.failure ?? Client.Failure(description: "no port")
    }
    self.port = port
  }

  var counters: HubCounters { onLoop { $0.counters } }
  var admission: AdmissionCounters { onLoop { $0.admissionCounters } }

  /// Has the loop answer a question.
  func onLoop<Value: Sendable>(_ question: @escaping @Sendable (Server) -> Value) -> Value {
    let result = Channel<Value>()
    let shared = shared
    // Set before the port was told, gone only after `stop`.
    shared.remote!.execute { result.send(question(shared.server!)) }
    return result.receive()
  }

  /// Begins to drain.
  func beginStop() {
    let shared = shared
    shared.remote!.execute { shared.server!.stop() }
  }

  /// - Parameter cutting: whether it lets nobody finish.
  func stop(cutting: Bool = false) {
    beginStop()
    if cutting { beginStop() }
    thread.join()
  }

  /// How many streams it had ended for `reason` when it had stopped.
  func closed(_ reason: CloseReason) -> Int { shared.last?.closed(reason) ?? 0 }

  /// How long its loop let anything wait at most, since this was asked last.
  func takeLag() -> Duration { onLoop { $0.instruments.lag.takeLongest() } }

  /// The same of one that has stopped.
  var lastLag: Duration { shared.lag }

  func join() { thread.join() }

  /// - Parameter source: the last byte of the client's address.
  func client(source: UInt8 = 1) throws -> Client { try Client(port: port, source: source) }

  /// Sends one request and reads its answer.
  func answer(
    _ method: String, _ target: String, _ headers: [String] = [], body: [UInt8] = [],
    source: UInt8 = 1
  ) throws -> Response {
    let client = try client(source: source)
    let fields = headers.map { "\($0)\r\n" }.joined()
    let length = body.isEmpty && method != "POST" ? "" : "Content-Length: \(body.count)\r\n"
    try client.send(
      Array("\(method) \(target) HTTP/1.1\r\nHost: test\r\n\(length)\(fields)\r\n".utf8) + body)
    return try client.response(toHead: method == "HEAD")
  }

  func get(_ target: String, _ headers: String...) throws -> Response {
    try answer("GET", target, headers)
  }

  /// Posts a urlencoded form.
  func post(_ target: String, _ form: String, _ headers: String...) throws -> Response {
    try answer(
      "POST", target, ["Content-Type: application/x-www-form-urlencoded"] + headers,
      body: Array(form.utf8))
  }

  /// Signs in and returns the cookie's field.
  func signIn(_ name: String) throws -> String {
    "Cookie: \(try #require(post("/login", "user=\(name)").cookie))"
  }

  func listen(_ target: String = "/stream", _ headers: String...) throws -> Listener {
    try Listener(port: port, target, headers)
  }
}

extension Response {
  /// The session's cookie, without its attributes.
  var cookie: String? { self["Set-Cookie"]?.split(separator: ";").first.map(String.init) }
}

/// One open stream, read as an EventSource reads it.
final class Listener {
  private let client: Client
  private var decoder = EventStreamDecoder()
  private var events: [DecodedEvent] = []
  private var undecoded: [UInt8] = []
  /// The first bytes of the stream.
  private var opening: [UInt8] = []
  private let isChunked: Bool
  /// The last chunk has come.
  private(set) var hasEnded = false
  let response: Response

  init(
    port: UInt16, _ target: String = "/stream", _ headers: [String] = [],
    version: String = "HTTP/1.1", receiveBuffer: Int32? = nil, source: UInt8 = 1
  ) throws {
    client = try Client(port: port, receiveBuffer: receiveBuffer, source: source)
    let fields = headers.map { "\($0)\r\n" }.joined()
    try client.send("GET \(target) \(version)\r\nHost: test\r\n\(fields)\r\n")
    let end = Array("\r\n\r\n".utf8)
    let bytes = try client.receive { $0.firstRange(of: end) != nil }
    // The loop ended because it is there.
    let headEnd = bytes.firstRange(of: end)!.upperBound
    response = Response(head: String(decoding: bytes[..<headEnd], as: UTF8.self))
    isChunked = response["Transfer-Encoding"] == "chunked"
    try take(Array(bytes[headEnd...]))
  }

  private func decode(_ bytes: [UInt8]) throws {
    opening += bytes.prefix(200 - opening.count)
    try decoder.decode(bytes) { events.append($0) }
  }

  private func take(_ bytes: [UInt8]) throws {
    guard isChunked else { return try decode(bytes) }
    undecoded += bytes
    while let end = undecoded.firstIndex(of: 10) {
      let size = try #require(
        Int(String(decoding: undecoded[..<max(0, end - 1)], as: UTF8.self), radix: 16))
      guard undecoded.count >= end + 1 + size + 2 else { return }
      let chunk = Array(undecoded[end + 1..<end + 1 + size])
      undecoded.removeFirst(end + 1 + size + 2)
      if size == 0 { hasEnded = true }
      try decode(chunk)
    }
  }

  /// The next event; nil at the end of the stream.
  func next() throws -> DecodedEvent? {
    while events.isEmpty {
      let bytes = try client.receive()
      if bytes.isEmpty { return nil }
      try take(bytes)
    }
    return events.removeFirst()
  }

  /// The texts of the next `count` messages.
  func texts(_ count: Int) throws -> [String] {
    try (0..<count).map { _ in try #require(try next()).data }
  }

  /// The first id that the stream names; reads on until it has come.
  func openingID() throws -> String {
    while true {
      let text = String(decoding: opening, as: UTF8.self)
      if let id = text.firstMatch(of: /id: (.*)\n\n/) { return String(id.1) }
      try take(try client.receive())
    }
  }

  var retry: Duration? { decoder.reconnectionTime }
  var comments: Int { decoder.comments }

  func close() { client.close() }
  func reset() { client.reset() }
  func shutdownWriting() { client.shutdownWriting() }
  func send(_ bytes: [UInt8]) throws { try client.send(bytes) }
}
