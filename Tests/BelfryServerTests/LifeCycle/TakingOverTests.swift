import EventStream
import Foundation
import Reactor
import TestSupport
import Testing

/// SIGUSR2, on the built program.
@Suite struct TakingOverTests {
  private func program(
    _ arguments: String..., binary: String = ProgramTests.Program.built,
    environment: [String: String] = [:]
  ) throws -> ProgramTests.Program {
    try ProgramTests.Program(
      ProgramTests.anyPort + arguments, environment: environment, binary: binary)
  }

  @Test func `nobody is refused, nothing is lost or doubled, and nobody waits long`() throws {
    let reserved = try ReservedPort()
    defer { withExtendedLifetime(reserved) {} }
    let program = try ProgramTests.Program(ProgramTests.listen(reserved))
    let port = try program.port()
    let visitors = Visitors(port: port, perSecond: 1000)
    let end = "the end"
    let listeners = (0..<20).map { _ in Follower(port: port, until: end) }
    #expect(eventually { listeners.allSatisfy { $0.connections == 1 } })
    let publishers = (0..<3).map { KeptPublisher(name: "p\($0)", port: port) }
    #expect(eventually { listeners.allSatisfy { $0.count > 20 } })
    var successors: [Successor] = []
    for round in 0..<2 {
      let before = visitors.count
      successors.append(
        try Successor(
          of: program, signalling: successors.last?.processID ?? program.process.processIdentifier,
          after: round))
      let isOld: () -> Bool = {
        round == 0 ? program.process.isRunning : successors[0].isRunning
      }
      #expect(eventually { !isOld() })
      // It takes two seconds, and on a busy machine they come by the dozen.
      #expect(visitors.count - before > 20)
      #expect(eventually { listeners.allSatisfy { $0.connections == round + 2 } })
    }
    #expect(program.process.status == 0)
    #expect(eventually { publishers.reduce(0) { $0 + $1.count } > 100 })
    let lines = publishers.flatMap { $0.stop() }
    #expect(try KeptPublisher(name: "", port: port, posts: false).post(end) == 204)
    for listener in listeners {
      let texts = try listener.join()
      Load.check(texts, against: lines)
      #expect(texts.count == lines.count)
      // A twentieth of the takeover time; what a busy machine adds to it is not the server's.
      #expect(listener.longestRetry <= .milliseconds(100), "\(listener.longestRetry)")
    }
    #expect(lines.allSatisfy { $0.status == 204 }, "\(lines.filter { $0.status != 204 })")
    #expect(visitors.stop() == [])
    try successors[1].stop()
    #expect(throws: Client.Failure.self) { try Client(port: port) }
  }

  @Test func `a second takeover waits until the first has ended`() throws {
    let program = try program()
    let port = try program.port()
    let listeners = (0..<5).map { _ in Follower(port: port, until: "the end") }
    #expect(eventually { listeners.allSatisfy { $0.connections == 1 } })
    let publishers = (0..<3).map { KeptPublisher(name: "p\($0)", port: port) }
    #expect(eventually { listeners.allSatisfy { $0.count > 20 } })
    let first = try Successor(of: program, signalling: program.process.processIdentifier)
    // The first server still drains, and passes on what it is asked to publish.
    let second = try Successor(of: program, signalling: first.processID, after: 1)
    #expect(program.text.contains("info takeover delayed reason="))
    #expect(eventually { !first.isRunning && !program.process.isRunning })
    let lines = publishers.flatMap { $0.stop() }
    #expect(lines.allSatisfy { $0.status == 204 }, "\(lines.filter { $0.status != 204 })")
    #expect(try KeptPublisher(name: "", port: port, posts: false).post("the end") == 204)
    for listener in listeners { Load.check(try listener.join(), against: lines) }
    try second.stop()
  }

  @Test func `one that has been taken over and is told to stop cuts nobody`() throws {
    let program = try program()
    let port = try program.port()
    let listeners = try (0..<20).map { _ in try Listener(port: port) }
    let successor = try Successor(of: program, signalling: program.process.processIdentifier)
    kill(program.process.processIdentifier, SIGTERM)
    for listener in listeners {
      while try listener.next() != nil {}
      #expect(listener.hasEnded)
    }
    #expect(try program.end().status == 0)
    try successor.stop()
  }

  @Test func `another backplane is no successor's to choose`() throws {
    let path = NSTemporaryDirectory() + "belfry-\(UInt64.random(in: 0...UInt64.max))"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try "history-count = 10\n".write(toFile: path, atomically: false, encoding: .utf8)
    let program = try program("--config", path)
    let port = try program.port()
    try "redis = redis://127.0.0.1:1\n".write(toFile: path, atomically: false, encoding: .utf8)
    kill(program.process.processIdentifier, SIGUSR2)
    _ = try program.line(matching: "--redis and --redis-prefix cannot change in a takeover")
    _ = try program.line(matching: "takeover failed, this server continues")
    #expect(try KeptPublisher(name: "", port: port, posts: false).post("still here") == 204)
    kill(program.process.processIdentifier, SIGTERM)
    #expect(try program.end().status == 0)
  }

  @Test func `settings to be read while a successor starts are read there too`() throws {
    let path = NSTemporaryDirectory() + "belfry-\(UInt64.random(in: 0...UInt64.max))"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try "retry = 2s\n".write(toFile: path, atomically: false, encoding: .utf8)
    let program = try program("--config", path, "--takeover-time", "20s")
    let port = try program.port()
    // Some time passes until the old one has sent the last of them away.
    let listeners = try (0..<4).map { _ in try Listener(port: port) }
    try "retry = 3s\n".write(toFile: path, atomically: false, encoding: .utf8)
    let process = program.process.processIdentifier
    kill(process, SIGUSR2)
    _ = try program.line(matching: "successor started")
    kill(process, SIGHUP)
    _ = try program.line(matching: "taken over")
    _ = try program.line(matching: "settings reloaded changed=retry")
    // By the successor, which began with the new ones.
    _ = try program.line(matching: "settings reloaded changed=nothing")
    withExtendedLifetime(listeners) {}
    let found = try #require(program.text.firstMatch(of: /taken over by=([0-9]+)/))
    let successor = try #require(Int32(found.1))
    kill(successor, SIGTERM)
    #expect(eventually { kill(successor, 0) != 0 || program.text.contains("stopping") })
  }

  @Test func `sign-ins, keys and old messages outlive it`() throws {
    let program = try program()
    let port = try program.port()
    func request(_ text: String) throws -> Response {
      let client = try Client(port: port)
      try client.send(text)
      return try client.response()
    }
    func post(_ path: String, _ body: String, _ cookie: String = "") throws -> Response {
      try request(
        "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
          + "\(cookie)Content-Length: \(body.utf8.count)\r\n\r\n" + body)
    }
    let cookie = "Cookie: \(try #require(post("/login", "user=Ann").cookie))\r\n"
    #expect(try post("/post", "message=one&key=k", cookie).status == 204)
    #expect(try post("/post", "message=elsewhere&room=other").status == 204)
    let first = try Listener(port: port, "/stream?room=chat&room=other&last_event_id=x-0")
    let gap = try #require(try first.next())
    #expect(gap.type == "gap")
    let epoch = try first.openingID().prefix { $0 != "-" }
    let successor = try Successor(of: program, signalling: program.process.processIdentifier)
    // The same key again is the same message.
    #expect(try post("/post", "message=one&key=k", cookie).status == 204)
    #expect(try post("/post", "message=two", cookie).status == 204)
    let again = try Listener(
      port: port, "/stream?room=chat&room=other", ["Last-Event-ID: \(epoch)-0"])
    let events = try (0..<3).map { _ in try #require(try again.next()) }
    #expect(events.map(\.lastEventID) == (1...3).map { "\(epoch)-\($0)" })
    #expect(
      events.map { $0.data.split(separator: "] ").last } == [
        "Ann: one", "anonymous: elsewhere", "Ann: two",
      ])
    try successor.stop()
  }

  @Test func `with Redis the history stays where it is, and nothing is lost either`() throws {
    let redis = try RedisServer()
    let node = try Node(redis.node)
    let listeners = (0..<5).map { _ in Follower(port: node.port, until: "the end") }
    #expect(eventually { listeners.allSatisfy { $0.connections == 1 } })
    let publisher = KeptPublisher(name: "p", port: node.port)
    #expect(eventually { listeners.allSatisfy { $0.count > 20 } })
    let successor = try Successor(
      of: node.program, signalling: node.program.process.processIdentifier)
    #expect(eventually { !node.program.process.isRunning })
    #expect(eventually { listeners.allSatisfy { $0.connections >= 2 } })
    let lines = publisher.stop()
    #expect(lines.allSatisfy { $0.status == 204 })
    #expect(try node.post("the end").status == 204)
    for listener in listeners {
      let texts = try listener.join()
      Load.check(texts, against: lines)
    }
    try successor.stop()
    #expect(node.program.process.status == 0)
  }

  @Test func `a Unix socket's path stays, and goes with the last who listens there`() throws {
    let path = "/tmp/belfry-test-\(UInt64.random(in: 0...UInt64.max)).sock"
    let program = try ProgramTests.Program(["--listen", "unix:\(path)", "--listen", "127.0.0.1:0"])
    _ = try program.port()
    let successor = try Successor(of: program, signalling: program.process.processIdentifier)
    #expect(eventually { !program.process.isRunning })
    let client = try Client(path: path)
    try client.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(try client.response().status == 200)
    try successor.stop()
    unsafe #expect(access(path, F_OK) != 0)
  }

  /// What stands in a successor's place, nil for nothing, and what the log says of it.
  private static let failingSuccessors: [(script: String?, line: String)] = [
    ("#!/bin/sh\nexit 3\n", "takeover failed.*exited with status 3"),
    ("#!/bin/sh\nexec sleep 100\n", "takeover failed.*the successor was not ready within"),
    (
      "#!/bin/sh\nprintf x >&3; exec sleep 100\n",
      "takeover failed.*the successor was not ready within"
    ),
    (
      "#!/bin/sh\nprintf '\\7\\0\\0\\0\\0' >&3; exec sleep 100\n",
      "takeover failed.*unexpected packet"
    ),
    (
      "#!/bin/sh\nprintf '\\143\\0\\0\\0\\0' >&3; exec sleep 100\n",
      "takeover failed.*unreadable packet"
    ),
    // Says that it is ready, and no more.
    (
      "#!/bin/sh\nprintf '\\12\\0\\0\\0\\0' >&3; exec sleep 100\n",
      "takeover failed.*did not load"
    ),
    // Says everything, and ends before it serves: what it said of that is false, but not that it
    // is ready.
    (
      "#!/bin/sh\nprintf '\\12\\0\\0\\0\\0\\13\\0\\0\\0\\0' >&3; exec sleep 0.2\n",
      "takeover failed.*(exited with status 0|killed by signal 9)"
    ),
    // Says everything, and nothing more when it is told to serve.
    (
      "#!/bin/sh\nprintf '\\12\\0\\0\\0\\0\\13\\0\\0\\0\\0' >&3; exec sleep 100\n",
      "takeover failed.*killed by signal 9"
    ),
    (nil, "takeover failed.*No such file"),
  ]

  @Test func `a successor that can't start, or isn't ready in time, changes nothing`() throws {
    let folder = NSTemporaryDirectory() + "belfry-\(UInt64.random(in: 0...UInt64.max))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let binary = folder + "/belfry"
    // By processes of their own: a child that another test starts while this one writes would have the
    // file open, and nobody could execute it (ETXTBSY).
    func shell(_ script: String, _ arguments: String...) throws {
      let shell = try ChildProcess("/bin/sh", ["-c", script] + arguments)
      try #require(shell.end() && shell.status == 0)
    }
    try shell(#"cp "$0" "$1""#, ProgramTests.Program.built, binary)
    let program = try program("--takeover-timeout", "1s", binary: binary)
    let port = try program.port()
    let listener = try Listener(port: port)
    let process = program.process.processIdentifier
    for (number, (script, line)) in Self.failingSuccessors.enumerated() {
      try FileManager.default.removeItem(atPath: binary)
      if let script { try shell(#"printf %s "$0" >"$1" && chmod 755 "$1""#, script, binary) }
      // A publish that comes while nobody takes any waits, and is taken.
      let publisher = KeptPublisher(name: "q\(number)n", port: port)
      kill(process, SIGUSR2)
      // Several cases end with the same words.
      func refusals() -> [Substring] {
        program.text.split(separator: "\n").filter { $0.contains("takeover failed") }
      }
      #expect(eventually { refusals().count > number })
      #expect(try refusals().last?.firstMatch(of: Regex(line)) != nil, "\(refusals())")
      let lines = publisher.stop()
      #expect(lines.allSatisfy { $0.status == 204 })
      #expect(
        try listener.texts(lines.count).map { $0.split(separator: " ").last.map(String.init) }
          == lines.map(\.text))
      // Until the last one has been waited for there is no next.
      #expect(eventually { children(of: process).isEmpty })
    }
    kill(process, SIGTERM)
    let (status, _) = try program.end()
    #expect(status == 0)
  }

  @Test func `a successor is given the sockets and the standard descriptors alone`() throws {
    let program = try program()
    let port = try program.port()
    let listeners = try (0..<50).map { _ in try Listener(port: port) }
    let successor = try Successor(of: program, signalling: program.process.processIdentifier)
    #expect(eventually { !program.process.isRunning })
    let descriptors = try FileManager.default.contentsOfDirectory(
      atPath: "/proc/\(successor.processID)/fd")
    #expect(descriptors.count < 30, "\(descriptors.count)")
    for listener in listeners { #expect(try listener.next() == nil && listener.hasEnded) }
    try successor.stop()
  }

  @Test func `a server that is told to stop takes no successor any more`() throws {
    let reserved = try ReservedPort()
    defer { withExtendedLifetime(reserved) {} }
    let program = try ProgramTests.Program(
      ProgramTests.listen(reserved) + ["--drain-time", "5s"])
    let port = try program.port()
    let listeners = try (0..<2).map { _ in try Listener(port: port) }
    kill(program.process.processIdentifier, SIGUSR2)
    kill(program.process.processIdentifier, SIGTERM)
    _ = try program.line(matching: "stopping")
    kill(program.process.processIdentifier, SIGUSR2)
    _ = try program.line(matching: "takeover not started reason=")
    kill(program.process.processIdentifier, SIGTERM)
    let (status, text) = try program.end()
    #expect(status == 0)
    #expect(text.contains("info takeover cancelled reason=\"this server is stopping\""), "\(text)")
    #expect(!text.contains("continues") && !text.contains(" error "), "\(text)")
    withExtendedLifetime(listeners) {}
    // The successor was killed, and holds the socket until the kernel has taken it apart.
    #expect(eventually { (try? Client(port: port)) == nil })
  }

  /// The processes that it started and has not waited for.
  private func children(of process: Int32) -> String {
    (try? String(contentsOfFile: "/proc/\(process)/task/\(process)/children", encoding: .utf8))
      ?? ""
  }
}

/// Connects over and over, at an even rate, asks for something, and notes what goes wrong.
private final class Visitors: @unchecked Sendable {
  // Every use of these is under `lock`.
  private var failures: [String] = []
  private var answered = 0
  private var isOver = false
  private let lock = NSLock()
  private var threads: [RunningThread] = []

  init(port: UInt16, perSecond rate: Int) {
    let threadCount = 4
    threads = (0..<threadCount).map { place in
      RunningThread { [self] in
        let start = ContinuousClock.now
        var number = 0
        while !lock.withLock({ isOver }) {
          number += 1
          visit(port)
          let due = start + .seconds(1) * Double(number * threadCount + place) / Double(rate)
          // The pace that was asked for.
          while ContinuousClock.now < due { usleep(200) }
        }
      }
    }
  }

  private func visit(_ port: UInt16) {
    do {
      let client = try Client(port: port)
      try client.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
      let status = try client.response().status
      lock.withLock {
        answered += 1
        if status != 200 { failures.append("\(status)") }
      }
    } catch {
      lock.withLock { failures.append("\(error)") }
    }
  }

  var count: Int { lock.withLock { answered } }

  func stop() -> [String] {
    lock.withLock { isOver = true }
    for thread in threads { thread.join() }
    return lock.withLock { failures }
  }
}

/// Posts one line after the other over one connection, and over another when it is told that the first
/// ends.
private final class KeptPublisher: @unchecked Sendable {
  private let port: UInt16
  private var client: Client?
  // Every use of these is under `lock` while the thread runs.
  private var lines: [Load.Line] = []
  private var isOver = false
  private let lock = NSLock()
  private var thread: RunningThread?

  init(name: String, port: UInt16, posts: Bool = true) {
    self.port = port
    guard posts else { return }
    thread = RunningThread { [self] in
      var number = 0
      while !lock.withLock({ isOver }) {
        number += 1
        let text = "\(name)n\(number)"
        let status = try? post(text)
        lock.withLock { lines.append(Load.Line(text: text, status: status)) }
        // Its pace.
        usleep(5000)
      }
    }
  }

  func post(_ text: String) throws -> Int {
    let client = try self.client ?? Client(port: port)
    self.client = nil
    let body = "message=" + text.replacingOccurrences(of: " ", with: "+")
    try client.send(
      "POST /post HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        + "Content-Length: \(body.utf8.count)\r\n\r\n" + body)
    let response = try client.response()
    if response["Connection"] != "close" { self.client = client }
    return response.status
  }

  /// How many lines it has posted.
  var count: Int { lock.withLock { lines.count } }

  func stop() -> [Load.Line] {
    lock.withLock { isOver = true }
    thread?.join()
    return lines
  }
}

/// A listener that comes back with its last id whenever its stream ends, after the time it was told.
private final class Follower: @unchecked Sendable {
  private let port: UInt16
  // Every use of these is under `lock`.
  private var texts: [String] = []
  private var opened = 0
  private var longest = Duration.zero
  private var failure: (any Error)?
  private let end: String
  private let lock = NSLock()
  private var thread: RunningThread?

  init(port: UInt16, until end: String) {
    self.port = port
    self.end = end
    thread = RunningThread { [self] in
      do { try follow() } catch { lock.withLock { failure = error } }
    }
  }

  private func follow() throws {
    var id = ""
    while true {
      let listener = try Listener(port: port, "/stream", id.isEmpty ? [] : ["Last-Event-ID: \(id)"])
      if id.isEmpty { id = try listener.openingID() }
      lock.withLock { opened += 1 }
      while let event = try listener.next() {
        guard event.type == "message" else {
          throw Client.Failure(description: "\(event.type): \(event.data)")
        }
        if event.data.hasSuffix(end) { return }
        lock.withLock { texts.append(event.data) }
        id = event.lastEventID
      }
      guard let retry = listener.retry, listener.hasEnded else {
        throw Client.Failure(description: "a stream was cut")
      }
      lock.withLock { longest = max(longest, retry) }
      // What an EventSource is told to wait.
      usleep(UInt32(retry / .microseconds(1)))
    }
  }

  var count: Int { lock.withLock { texts.count } }
  var connections: Int { lock.withLock { opened } }
  /// What it was told to wait at most.
  var longestRetry: Duration { lock.withLock { longest } }

  /// Waits for the last line, and returns those before it.
  func join() throws -> [String] {
    thread?.join()
    if let failure { throw failure }
    return texts
  }
}
