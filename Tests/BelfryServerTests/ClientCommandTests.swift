import BelfryServer
import Foundation
import Hub
import Reactor
import TestSupport
import Testing

/// `belfry publish` and `belfry listen`, against a server that was started for the test.
@Suite struct ClientCommandTests {
  /// A command that has ended, or runs in its test.
  private final class Command {
    let process: ChildProcess
    private let directory = NSTemporaryDirectory() + "belfry-\(UInt64.random(in: 0...UInt64.max))"

    /// - Parameters:
    ///   - input: what it reads on standard input.
    ///   - tail: shell text behind the command, such as a pipe.
    init(_ arguments: [String], input: String = "", tail: String = "") throws {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
      try input.write(toFile: directory + "/in", atomically: false, encoding: .utf8)
      let exec = tail.isEmpty ? "exec " : ""
      process = try ChildProcess(
        "/bin/bash",
        [
          "-c", "cd \(directory); \(exec)\"$0\" \"$@\" 2>err <in \(tail) >out",
          ProgramTests.Program.built,
        ] + arguments)
    }

    deinit {
      process.send(SIGKILL)
      try? FileManager.default.removeItem(atPath: directory)
    }

    private func text(_ name: String) -> String {
      (try? String(contentsOfFile: "\(directory)/\(name)", encoding: .utf8)) ?? ""
    }

    /// Makes a file where it runs.
    func touch(_ name: String) throws {
      try "".write(toFile: "\(directory)/\(name)", atomically: false, encoding: .utf8)
    }

    var lines: [String] { text("out").split(separator: "\n").map(String.init) }
    var errors: String { text("err") }

    /// Waits until so many lines have been printed.
    func lines(_ count: Int) throws -> [String] {
      guard eventually({ lines.count >= count }) else {
        throw Client.Failure(description: "only \(lines), \(errors)")
      }
      return lines
    }

    /// Waits until it has ended.
    @discardableResult
    func status() throws -> Int32 {
      guard process.end(), let status = process.status else {
        throw Client.Failure(description: "still running: \(lines), \(errors)")
      }
      return status
    }
  }

  /// Without the time of day.
  private func bare(_ lines: [String]) -> [String] {
    lines.map { $0.split(separator: " ", maxSplits: 1).last.map(String.init) ?? $0 }
  }

  private func publish(_ url: String, _ arguments: String...) throws -> Int32 {
    try Command(["publish", "--url", url] + arguments).status()
  }

  private func url(_ server: TestServer, _ path: String = "") -> String {
    "http://127.0.0.1:\(server.port)\(path)"
  }

  // MARK: Publishing

  @Test func `a message is posted, and so is each line of standard input`() throws {
    let server = try TestServer { $0.basePath = "/chat" }
    let listener = try server.listen("/chat/stream?room=r&room=chat")
    let url = url(server, "/chat/")
    #expect(try publish(url, "hello & goodbye, ä%") == 0)
    #expect(try publish(url, "--room", "r", "--name", "Ann Lee", "--", "-x") == 0)
    let many = try Command(
      ["publish", "--url", url, "--name", "Bo", "-"],
      input: (0..<50).map { "line \($0)\n" }.joined() + "\nlast, without an end")
    #expect(try many.status() == 0 && many.errors.isEmpty)
    let expected =
      ["anonymous: hello & goodbye, ä%", "Ann Lee: -x"]
      + ((0..<50).map { "line \($0)" } + ["", "last, without an end"]).map { "Bo: \($0)" }
    #expect(try bare(listener.texts(expected.count)) == expected)
    server.stop()
  }

  @Test func `under one key a message is published once`() throws {
    let server = try TestServer()
    let listener = try server.listen()
    for _ in 0..<2 { #expect(try publish(url(server), "--key", "k1", "once") == 0) }
    #expect(try publish(url(server), "next") == 0)
    #expect(try bare(listener.texts(2)) == ["anonymous: once", "anonymous: next"])
    server.stop()
  }

  @Test func `what is refused for good has status 1, and the server's reason`() throws {
    let server = try TestServer { $0.maximumMessage = 10 }
    for (arguments, reason) in [
      (["01234567890"], "413 Content Too Large: a message has at most 10 bytes"),
      (["--room", "a b", "x"], "400 Bad Request: a room's name"),
      (["--name", "a\nb", "x"], "does not take the name"),
    ] {
      let command = try Command(["publish", "--url", url(server)] + arguments)
      #expect(try command.status() == 1 && command.errors.contains(reason), "\(command.errors)")
    }
    for arguments in [[""], ["--key", "", "x"]] {
      #expect(try Command(["publish", "--url", url(server)] + arguments).status() == 64)
    }
    // Nothing behind a line that was refused is posted.
    let listener = try server.listen()
    let lines = try Command(
      ["publish", "--url", url(server), "-"], input: "one\nmuch too long a line\nthree\n")
    #expect(try lines.status() == 1 && lines.errors.contains("line 2: 413"))
    #expect(try publish(url(server), "four") == 0)
    #expect(try bare(listener.texts(2)) == ["anonymous: one", "anonymous: four"])
    server.stop()
  }

  @Test func `what may be tried again has status 75, and is tried where that is asked for`() throws
  {
    let server = try TestServer { $0.admission.postRate = Rate(1, per: .seconds(1)) }
    let listener = try server.listen()
    #expect(try publish(url(server), "one") == 0)
    let start = ContinuousClock.now
    let refused = try Command(["publish", "--url", url(server), "-"], input: "two\nthree\n")
    #expect(try refused.status() == 75 && refused.errors.contains("429 Too Many Requests"))
    let patient = try Command(
      ["publish", "--url", url(server), "--retry-for", "15s", "-"], input: "a\nb\nc\n")
    #expect(try patient.status() == 0 && patient.errors.isEmpty, "\(patient.errors)")
    #expect(ContinuousClock.now - start >= .seconds(2))
    // A program that takes a second to start has found room for `two`.
    var texts: [String] = []
    while texts.last != "anonymous: c" { texts += try bare(listener.texts(1)) }
    let expected = ["one", "a", "b", "c"].map { "anonymous: \($0)" }
    #expect(texts.filter { $0 != "anonymous: two" } == expected)
    server.stop()
    let nobody = try Command(["publish", "--url", url(server), "x"])
    #expect(try nobody.status() == 75 && nobody.errors.contains("Connection refused"))
  }

  @Test func `a server that never answers is given up in time`() throws {
    let path = NSTemporaryDirectory() + "belfry-\(UInt64.random(in: 0...UInt64.max)).sock"
    let silent = try CannedServer(path)
    let command = try Command(["publish", "--url", "unix:\(path)", "--timeout", "200ms", "x"])
    #expect(try command.status() == 75 && command.errors.contains("no answer in time"))
    withExtendedLifetime(silent) {}
  }

  @Test func `a connection that the server ended meanwhile is no message lost`() throws {
    let server = try TestServer { $0.http.idleTime = .seconds(1) }
    let listener = try server.listen()
    // The shell waits between the lines until the connection is gone.
    let tail = "< <(echo one; until [ -e gone ]; do sleep 0.02; done; echo two)"
    let command = try Command(["publish", "--url", url(server), "-"], tail: tail)
    #expect(try bare(listener.texts(1)) == ["anonymous: one"])
    #expect(eventually { server.admission.connections.open == 0 })
    try command.touch("gone")
    #expect(try command.status() == 0 && command.errors.isEmpty)
    #expect(try bare(listener.texts(1)) == ["anonymous: two"])
    server.stop()
  }

  @Test(arguments: [
    (["publish", "--url", "https://h", "x"], "curl -N https://h/stream"),
    (["publish", "--url", "nowhere", "x"], "http://HOST"), (["publish"], "message"),
    (["publish", "--key", "k", "-"], "--key"), (["listen", "--count", "0"], "--count"),
    (["listen", "--url", "https://h"], "curl"), (["listen", "--silence", "1ms"], "--silence"),
    (["listen", "--last-event-id", "a\nb"], "--last-event-id"),
  ])
  func `a bad option is named, and the status is 64`(arguments: [String], name: String) throws {
    let command = try Command(arguments)
    #expect(try command.status() == 64 && command.errors.contains(name), "\(command.errors)")
  }

  // MARK: Listening

  @Test func `messages are printed as they come, one a line, until there were enough`() throws {
    let server = try TestServer { $0.basePath = "/chat" }
    let url = url(server, "/chat")
    let plain = try Command(["listen", "--url", url, "--count", "2"])
    let json = try Command(
      ["listen", "--url", url, "--room", "chat", "--room", "r", "--json", "--count", "3"])
    #expect(eventually { server.counters.listeners == 2 })
    for (room, text) in [("chat", "one"), ("r", "\"two\""), ("chat", "three")] {
      #expect(try server.post("/chat/post", "room=\(room)&message=\(text)").status == 204)
    }
    #expect(try plain.status() == 0 && json.status() == 0)
    #expect(bare(plain.lines) == ["anonymous: one", "anonymous: three"])
    let objects = try json.lines.map { line in
      try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
    }
    #expect(objects.map { $0["data"]?.split(separator: " ").last } == ["one", "\"two\"", "three"])
    #expect(objects.allSatisfy { $0["event"] == "message" && $0.count == 3 })
    #expect(try Set(objects.map { try #require($0["id"]) }).count == 3)
    #expect(plain.errors.isEmpty && json.errors.isEmpty)
    // A message can't pass for two, or do something to a terminal.
    let forged = try Command(["listen", "--url", url, "--count", "1"])
    #expect(eventually { server.counters.listeners == 1 })
    #expect(try server.post("/chat/post", "message=hi%0AAnn: you%1B[31m%C2%9B1m").status == 204)
    #expect(try forged.status() == 0)
    #expect(bare(forged.lines) == [#"anonymous: hi\nAnn: you\x1B[31m\x9B1m"#])
    // What is missed is fetched by an id.
    let first = try #require(objects[0]["id"])
    let later = try Command(
      ["listen", "--url", url, "--room", "r", "--last-event-id", first, "--count", "1"])
    #expect(try later.status() == 0)
    #expect(bare(later.lines) == ["anonymous: \"two\""])
    server.stop()
  }

  @Test func `it goes on where it was when the server is replaced, and says a gap when it is new`()
    throws
  {
    let path = NSTemporaryDirectory() + "belfry-\(UInt64.random(in: 0...UInt64.max)).sock"
    let options = [
      "--listen", "unix:\(path)", "--retry", "100ms", "--drain-time", "500ms",
      "--takeover-time", "200ms",
    ]
    let url = "unix:\(path)"
    let first = try ProgramTests.Program(options)
    _ = try first.line(matching: "listening on")
    let listener = try Command(["listen", "--url", url])
    // Nothing says from without when it listens.
    #expect(
      try eventually { try publish(url, "early") == 0 && !listener.lines.isEmpty })
    // The lines before it may still be on their way.
    func heard(_ text: String) -> Bool { bare(listener.lines).last == "anonymous: " + text }
    let successor = try Successor(of: first, signalling: first.process.processIdentifier)
    #expect(try publish(url, "after the takeover") == 0)
    #expect(eventually { heard("after the takeover") }, "\(listener.lines)")
    #expect(listener.errors.isEmpty, "\(listener.errors)")
    try successor.stop()
    // Nobody is there: that is said once, and it comes back all the same.
    #expect(eventually { listener.errors.contains("no stream: ") })
    let second = try ProgramTests.Program(options)
    _ = try second.line(matching: "listening on")
    #expect(eventually { listener.errors.contains("the stream is there again") })
    #expect(eventually { listener.errors.contains(#""reason":"restarted""#) })
    #expect(try publish(url, "late") == 0)
    #expect(eventually { heard("late") }, "\(listener.lines)")
    #expect(listener.errors.components(separatedBy: "no stream: ").count <= 3, "\(listener.errors)")
    kill(second.process.processIdentifier, SIGTERM)
    #expect(try second.end().status == 0)
  }

  @Test func `who is too many hears that he is, and gets in later`() throws {
    let server = try TestServer { $0.admission.listeners = 1 }
    let first = try server.listen()
    let command = try Command(["listen", "--url", url(server), "--count", "1"])
    #expect(eventually { command.errors.contains("busy: as many listeners") })
    first.close()
    #expect(eventually { server.counters.listeners == 1 && server.counters.opened == 2 })
    #expect(try publish(url(server), "x") == 0)
    #expect(try command.status() == 0)
    server.stop()
  }

  @Test func `what is refused for good ends it with the server's reason`() throws {
    let server = try TestServer { $0.basePath = "/chat" }
    for (path, arguments, reason) in [
      ("", [], "404 Not Found"), ("/chat", ["--room", "a b"], "400 Bad Request: a room's name"),
    ] as [(String, [String], String)] {
      let command = try Command(["listen", "--url", url(server, path)] + arguments)
      #expect(try command.status() == 1 && command.errors.contains(reason), "\(command.errors)")
      #expect(command.lines.isEmpty)
    }
    server.stop()
  }

  @Test
  func `an answer that is no stream ends it, and so does one that says there is nothing more`()
    throws
  {
    let path = NSTemporaryDirectory() + "belfry-\(UInt64.random(in: 0...UInt64.max)).sock"
    let server = try CannedServer(path)
    for (answer, status, reason) in [
      (
        "200 OK\r\nContent-Type: text/html\r\n\r\n<p>", 1,
        "this is no stream: its type is \"text/html\""
      ),
      ("204 No Content\r\n\r\n", 0, ""),
      ("301 Moved\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n", 1, "it is at /other"),
    ] as [(String, Int32, String)] {
      let command = try Command(["listen", "--url", "unix:\(path)"])
      _ = try server.answer("HTTP/1.1 " + answer)
      #expect(try command.status() == status)
      #expect(reason.isEmpty ? command.errors.isEmpty : command.errors.contains(reason))
    }
    // One that may answer otherwise later is asked again, as late as it says.
    let command = try Command(["listen", "--url", "unix:\(path)", "--count", "1"])
    let start = ContinuousClock.now
    _ = try server.answer("HTTP/1.1 503 Busy\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n")
    _ = try server.answer(
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: x\n\n")
    #expect(ContinuousClock.now - start >= .seconds(3))
    #expect(try command.status() == 0 && command.errors.contains("503 Busy"))
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func `a signal ends it`(signal: Int32) throws {
    let server = try TestServer()
    let command = try Command(["listen", "--url", url(server)])
    #expect(eventually { server.counters.listeners == 1 })
    kill(command.process.processIdentifier, signal)
    try command.status()
    #expect(command.process.ending == .killed(signal: signal))
    #expect(eventually { server.counters.listeners == 0 })
    server.stop()
  }

  @Test func `when nobody reads its lines any more it ends`() throws {
    let server = try TestServer()
    let command = try Command(
      ["listen", "--url", url(server)], tail: "| head -n 1")
    #expect(eventually { server.counters.listeners == 1 })
    #expect(
      try eventually {
        _ = try server.post("/post", "message=x")
        return !command.process.isRunning
      })
    #expect(eventually { server.counters.listeners == 0 })
    server.stop()
  }

  @Test func `a connection that brings nothing is given up, and another is made`() throws {
    let server = try TestServer {
      $0.hub.heartbeat = .zero
      $0.hub.retry = .milliseconds(100)
    }
    let command = try Command(["listen", "--url", url(server), "--silence", "1s", "--count", "1"])
    #expect(eventually { server.counters.opened >= 2 })
    #expect(eventually { command.errors.contains("nothing has come for 1") })
    #expect(
      try eventually {
        _ = try server.post("/post", "message=x")
        return !command.process.isRunning
      })
    #expect(try command.status() == 0)
    server.stop()
  }

  @Test func `it reads a stream without chunks, and one cut in the middle`() throws {
    let path = NSTemporaryDirectory() + "belfry-\(UInt64.random(in: 0...UInt64.max)).sock"
    let server = try CannedServer(path)
    let command = try Command(["listen", "--url", "unix:\(path)", "--count", "3"])
    let head = "Content-Type: text/event-stream\r\n"
    // HTTP/1.0, ended by its end; the event that is not complete doesn't count.
    #expect(
      try !server.answer(
        "HTTP/1.0 200 OK\r\n\(head)\r\nretry: 10\nid: a\ndata: 1\n\nid: b\ndata: x\n"
      )
      .contains("Last-Event-ID"))
    // Cut within a chunk.
    let chunk = "HTTP/1.1 200 OK\r\n\(head)Transfer-Encoding: chunked\r\n\r\n"
    #expect(
      try server.answer(chunk + "e\r\nid: c\ndata: 2\n\r\n").contains("Last-Event-ID: a\r\n"))
    #expect(
      try server.answer(chunk + "f\r\nid: c\ndata: 2\n\n\r\n14\r\nid: d\ndat")
        .contains("Last-Event-ID: a\r\n"))
    #expect(
      try server.answer(chunk + "1\r\nd\r\n8\r\nata: 3\n\n\r\n0\r\n\r\n")
        .contains("Last-Event-ID: c\r\n"))
    #expect(try command.status() == 0)
    #expect(command.lines == ["1", "2", "3"])
  }
}
