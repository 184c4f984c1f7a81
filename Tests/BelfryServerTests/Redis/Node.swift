import EventStream
import Foundation
import TestSupport
import Testing

/// A `belfry` that is connected to others; ended with the test.
final class Node {
  let program: ProgramTests.Program
  let port: UInt16

  /// A Redis is slow only for a test that says so: `--redis-timeout` is a client's patience by default.
  ///
  /// - Parameter isUp: whether to wait until it has its Redis.
  init(_ redis: [String], _ arguments: String..., isUp: Bool = true) throws {
    let timeout =
      redis.contains("--redis-timeout") ? [] : ["--redis-timeout", "\(Client.patience)s"]
    program = try ProgramTests.Program(
      ProgramTests.anyPort + ["--heartbeat", "0"] + redis + timeout + arguments)
    port = try program.port()
    if isUp { try waitUntilUp() }
  }

  func waitUntilUp(_ wanted: Bool = true) throws {
    let came = try eventually { try self.health().contains("\"up\":\(wanted)") }
    let health = try self.health()
    try #require(came, "the backplane is not \(wanted ? "up" : "down"): \(health)")
  }

  func health() throws -> String {
    let client = try Client(port: port)
    try client.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
    return try client.response().text
  }

  func listen(_ target: String = "/stream", after id: String? = nil) throws -> Listener {
    // One that comes in the moment of an outage is asked to come again.
    var found: Listener?
    let came = try eventually {
      found = try Listener(port: port, target, id.map { ["Last-Event-ID: \($0)"] } ?? [])
      return found?.response.status == 200
    }
    guard came, let found else { throw Client.Failure(description: "no stream") }
    return found
  }

  func publisher() throws -> Publisher { try Publisher(port: port) }

  @discardableResult
  func post(_ message: String, room: String = "chat", key: String? = nil) throws -> Response {
    try publisher().post(message, room: room, key: key)
  }

  /// Ends it as a crash would.
  func kill() {
    program.process.send(SIGKILL)
    _ = program.process.end()
  }

  /// Ends it properly, and returns what it logged.
  func stop() throws -> String {
    Foundation.kill(program.process.processIdentifier, SIGTERM)
    let (status, text) = try program.end()
    #expect(status == 0)
    return text
  }
}

/// A connection that posts.
final class Publisher {
  private let client: Client

  init(port: UInt16) throws { client = try Client(port: port) }

  func post(_ message: String, room: String = "chat", key: String? = nil) throws -> Response {
    // No test's message needs more than its blanks to be escaped.
    let text = message.replacingOccurrences(of: " ", with: "+")
    let body = "message=\(text)&room=\(room)" + (key.map { "&key=\($0)" } ?? "")
    try client.send(
      "POST /post HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        + "Content-Length: \(body.utf8.count)\r\n\r\n" + body)
    return try client.response()
  }
}

/// Publishers on several nodes at once, each with one line after the other, which note what each was
/// answered.
final class Load: @unchecked Sendable {
  /// What one line was answered; nil when the connection broke before.
  struct Line: Sendable {
    let text: String
    let status: Int?
  }

  // Every use of these is under `lock`.
  private var lines: [Line] = []
  private var isOver = false
  private let lock = NSLock()
  private var threads: [RunningThread] = []

  /// - Parameter pause: between two lines of a publisher; in microseconds.
  init(_ ports: [UInt16], room: String = "chat", pause: UInt32 = 1000) {
    threads = ports.enumerated().map { place, port in
      RunningThread { [self] in publish(place, port, room, pause) }
    }
  }

  private func publish(_ place: Int, _ port: UInt16, _ room: String, _ pause: UInt32) {
    var publisher: Publisher?
    var number = 0
    while !lock.withLock({ isOver }) {
      number += 1
      let text = "p\(place)n\(number)"
      var status: Int?
      do {
        if publisher == nil { publisher = try Publisher(port: port) }
        status = try publisher?.post(text, room: room).status
      } catch {
        // The node is gone, or going: nobody knows what became of the line.
        publisher = nil
      }
      lock.withLock { lines.append(Line(text: text, status: status)) }
      // Its pace, slower while nobody takes anything.
      usleep(status == 204 ? pause : 20_000)
    }
  }

  /// How many lines were taken so far.
  var taken: Int { lock.withLock { lines.count { $0.status == 204 } } }

  /// Waits until so many more were taken.
  func wait(forMore count: Int) throws {
    let wanted = taken + count
    try #require(eventually { taken >= wanted }, "only \(taken) of \(wanted) lines were taken")
  }

  /// Stops publishing and returns all lines.
  func stop() -> [Line] {
    lock.withLock { isOver = true }
    for thread in threads { thread.join() }
    threads = []
    return lock.withLock { lines }
  }

  /// Holds what a listener got against what was published: every line that was taken came once, none
  /// that was refused, and each publisher's in its order.
  static func check(_ texts: [String], against lines: [Line]) {
    let got = texts.map { $0.split(separator: " ").last.map(String.init) ?? "" }
    let counts = Dictionary(got.map { ($0, 1) }, uniquingKeysWith: +)
    #expect(counts.values.allSatisfy { $0 == 1 }, "twice: \(counts.filter { $0.value > 1 }.keys)")
    let lost = lines.filter { $0.status == 204 && counts[$0.text] == nil }
    #expect(lost.isEmpty, "lost: \(lost.map(\.text))")
    let refused = lines.filter { $0.status == 503 && counts[$0.text] != nil }
    #expect(refused.isEmpty, "refused, and came all the same: \(refused.map(\.text))")
    let known = Set(lines.map(\.text))
    let invented = got.filter { !known.contains($0) }
    #expect(invented.isEmpty, "nobody said: \(invented)")
    var newest: [Substring: Int] = [:]
    for text in got {
      let parts = text.split(separator: "n")
      guard parts.count == 2, let number = Int(parts[1]) else { continue }
      #expect(number > newest[parts[0]] ?? 0, "out of order: \(text)")
      newest[parts[0]] = number
    }
  }
}

extension Listener {
  /// The lines up to the one that ends with `last`, and the id of that; none of them a gap.
  func lines(through last: String) throws -> (texts: [String], lastID: String) {
    var texts: [String] = []
    var number: UInt64 = 0
    while let event = try next() {
      #expect(event.type == "message", "\(event.type): \(event.data)")
      if let id = event.lastEventID.split(separator: "-").last.flatMap({ UInt64($0) }) {
        #expect(id > number, "\(id) after \(number)")
        number = id
      }
      if event.data.hasSuffix(last) { return (texts, event.lastEventID) }
      texts.append(event.data)
    }
    throw Client.Failure(description: "the stream ended after \(texts.count) lines")
  }
}
