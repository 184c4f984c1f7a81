import Foundation
import Reactor
import TestSupport
import Testing

/// The built program, as its user starts it.
@Suite struct ProgramTests {
  /// A running `belfry`; ended with the test.
  final class Program {
    let process: ChildProcess
    /// What it prints. A file, since a pipe's end would be inherited by the other tests' programs
    /// and keep it from ending.
    private let output = NSTemporaryDirectory() + "belfry-\(UInt64.random(in: 0...UInt64.max)).log"

    /// The program is built beside the tests.
    static var built: String {
      URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        .appendingPathComponent("belfry").path
    }

    init(
      _ arguments: [String], environment: [String: String] = [:], descriptors: Int? = nil,
      closing: Bool = false, binary: String = Program.built
    ) throws {
      let limit = descriptors.map { "ulimit -n \($0); " } ?? ""
      let streams = closing ? "0<&- >&- 2>&-" : ">\(output) 2>&1"
      process = try ChildProcess(
        "/bin/bash", ["-c", limit + "exec \"$0\" \"$@\" \(streams)", binary] + arguments,
        environment: environment)
    }

    deinit { unsafe unlink(output) }

    /// What it has printed so far.
    var text: String { (try? String(contentsOfFile: output, encoding: .utf8)) ?? "" }

    /// Waits until a line matches.
    func line(matching pattern: String) throws -> Substring {
      let regex = try Regex(pattern)
      var found: Substring?
      let came = eventually {
        let text = text
        found = text.firstMatch(of: regex).map { text[$0.range] }
        return found != nil || !process.isRunning
      }
      guard came, let found else { throw Client.Failure(description: "not in: \(text)") }
      return found
    }

    func port() throws -> UInt16 {
      let line = try line(matching: #"info listening address=\S+ url=http://127\.0\.0\.1:[0-9]+/"#)
      return try #require(UInt16(line.split(separator: ":").last!.dropLast()))
    }

    /// Waits until it has ended, and returns how, and all that it printed.
    func end() throws -> (status: Int32, text: String) {
      guard process.end(), let status = process.status else {
        throw Client.Failure(description: "still running: \(text)")
      }
      return (status, text)
    }
  }

  static let anyPort = ["--listen", "127.0.0.1:0"]

  /// For a test that expects to be refused where the program was.
  static func listen(_ port: ReservedPort) -> [String] { ["--listen", "127.0.0.1:\(port.number)"] }

  @Test(arguments: [
    (["--no-such-option"], "--no-such-option"), (["--heartbeat", "15"], "heartbeat"),
    (["--heartbeat=-1s"], "heartbeat"), (["--max-message", "0"], "--max-message"),
    (["--listen", "nowhere"], "listen"), (["--base-path", "chat"], "base-path"),
    (["--rooms", "a b"], "rooms"), (["--trusted-proxy", "10.0.0.0/99"], "--trusted-proxy"),
    (["--origin", "example.org"], "origin"), (["--secret-file", "/nonexistent"], "/nonexistent"),
    (["--vue-path", "/nonexistent"], "--vue-path"), (["--heartbeat", "30000d"], "--heartbeat"),
    (["--max-message", "3000000GiB"], "--max-message"), (["--rooms", "team-*"], "--rooms"),
    (["--redis", "localhost:6379"], "redis"), (["--redis", "rediss://localhost"], "redis"),
    (["--redis", "redis://h", "--redis-timeout", "1ms"], "--redis-timeout"),
    (["--redis-prefix", "team{a}"], "redis-prefix = team{a} (--redis-prefix): write teama"),
    (["--redis-prefix", ""], "write a value behind it: --redis-prefix NAME"),
    (["--max-listeners", "0"], "--max-listeners"), (["--post-rate", "fast"], "post-rate"),
    (["--max-listeners-per-ip=-1"], "max-listeners-per-ip"),
    (["--max-connections", "0"], "--max-connections"), (["--max-head", "100"], "--max-head"),
    (["--request-timeout", "0"], "--request-timeout"),
    (["--idle-timeout", "2d"], "--idle-timeout"),
    (["--config", "/nonexistent"], "/nonexistent"), (["brew"], "brew"),
    (["--history-count", "-1"], "history-count"),
  ])
  func `a bad option is named, and the status is 64`(arguments: [String], name: String) throws {
    let (status, text) = try Program(Self.anyPort + arguments).end()
    #expect(status == 64 && text.contains(name), "\(status) \(text)")
    #expect(text.split(separator: "\n").count == 1, "\(text)")
  }

  @Test(arguments: [
    "redis://:horse@h:port", "redis://ann:horse@", "redis://:ho rse@h/x", "rediss://:horse@h",
    "unix://:horse@path", "horse",
  ])
  func `a Redis that can't be understood is not repeated, since it may hold a password`(
    url: String
  ) throws {
    for program in [
      try Program(Self.anyPort + ["--redis", url]),
      try Program(Self.anyPort, environment: ["BELFRY_REDIS": url]),
    ] {
      let (status, text) = try program.end()
      #expect(
        status == 64 && text.contains("): write redis://[[USER]:PASSWORD@]"), "\(status) \(text)")
      #expect(!text.contains("horse") && !text.contains("ho rse"), "\(text)")
    }
  }

  @Test func `the environment sets options, and the command line wins`() throws {
    let bad = try Program(Self.anyPort, environment: ["BELFRY_RETRY": "soon"]).end()
    #expect(bad.status == 64 && bad.text.contains("retry"))
    let secret = try Program(Self.anyPort, environment: ["BELFRY_SECRET": "short"]).end()
    #expect(secret.status == 64 && secret.text.contains("32"), "\(secret.text)")
    let program = try Program(
      Self.anyPort + ["--base-path", "/b"],
      environment: [
        "BELFRY_BASE_PATH": "/a", "BELFRY_RETRY": "7s", "BELFRY_RETRI": "8s",
        "BELFRY_LISTEN": "127.0.0.1:1",
      ])
    let line = try program.line(
      matching: #"info listening address=\S+ url=http://127\.0\.0\.1:[0-9]+/b/"#)
    let port = try #require(UInt16(line.dropLast(3).split(separator: ":").last!))
    let listener = try Listener(port: port, "/b/stream")
    _ = try listener.openingID()
    #expect(listener.retry == .seconds(7))
    kill(program.process.processIdentifier, SIGTERM)
    #expect(try program.end().text.contains("BELFRY_RETRI"))
  }

  @Test func `a command that is none is told with the one that was meant`() throws {
    for (command, remedy) in [
      ("chek", "did you mean check?"), ("server", "did you mean serve?"),
      ("brew", "see belfry --help"),
    ] {
      let (status, text) = try Program([command, "--listen", "127.0.0.1:0"]).end()
      #expect(status == 64 && text == "Error: \(command): unknown command; \(remedy)\n", "\(text)")
    }
  }

  @Test func `help gives every option with its default`() throws {
    let (status, text) = try Program(["serve", "--help"]).end()
    #expect(status == 0)
    for part in [
      "--listen", "127.0.0.1:5000", "--history-age", "1h", "--max-message", "64KiB",
      "--session-age",
      "31d", "--drain-time", "10s", "--history-bytes", "64MiB", "BELFRY_",
    ] { #expect(text.contains(part), "\(part)") }
  }

  @Test func `with Redis only the room chat is the public's, unless told otherwise`() throws {
    // Nothing needs to listen there: rooms are looked at first.
    let redis = ["--redis", "redis://127.0.0.1:1/3"]
    func status(_ arguments: [String]) throws -> Int {
      let program = try Program(Self.anyPort + redis + arguments)
      let client = try Client(port: try program.port())
      let body = "message=x&room=other"
      try client.send(
        "POST /post HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
          + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
      return try client.response().status
    }
    #expect(try status([]) == 404)
    #expect(try status(["--rooms", "*"]) == 503)
  }

  @Test func `the environment does not stand in the way of help`() throws {
    for arguments in [["help"], ["help", "serve"], ["--version"]] {
      #expect(try Program(arguments, environment: ["BELFRY_MAX_ROOMS": "5"]).end().status == 0)
    }
  }

  @Test func `too few descriptors, or none for standard error, are no crash`() throws {
    let few = try Program(Self.anyPort, descriptors: 20).end()
    #expect(few.status == 1 && few.text.contains("ulimit -n"))
    let path = "/tmp/belfry-\(UInt64.random(in: 0...UInt64.max)).sock"
    let program = try Program(Self.anyPort + ["--listen", "unix:\(path)"], closing: true)
    // It has no way to say that it listens.
    try #require(eventually { unsafe access(path, F_OK) == 0 })
    #expect(try comesToRest(program.process.processIdentifier))
    #expect(program.process.isRunning)
    kill(program.process.processIdentifier, SIGTERM)
    #expect(try program.end().status == 0)
  }

  @Test func `a port in use is one clear line and status 1`() throws {
    let first = try Program(Self.anyPort)
    let port = try first.port()
    let (status, text) = try Program(["--listen", "127.0.0.1:\(port)"]).end()
    #expect(status == 1)
    let errors = text.split(separator: "\n")
    #expect(errors.count == 1 && errors[0].contains("\(port)") && errors[0].contains("in use"))
  }

  @Test(arguments: [SIGTERM, SIGINT])
  func `a signal ends the streams properly, and the status is 0`(signal: Int32) throws {
    let program = try Program(Self.anyPort)
    let listener = try Listener(port: try program.port())
    kill(program.process.processIdentifier, signal)
    #expect(try listener.next() == nil)
    #expect(listener.hasEnded)
    #expect(try program.end().status == 0)
  }

  @Test func `a stalled listener does not keep the program beyond the drain time`() throws {
    let program = try Program(Self.anyPort + ["--drain-time", "1s"])
    let port = try program.port()
    let stalled = try Client(port: port, receiveBuffer: 4096)
    try stalled.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
    let publisher = try Client(port: port)
    let body = "message=" + String(repeating: "x", count: 60_000)
    for _ in 0..<100 {
      try publisher.send(
        "POST /post HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
          + "Content-Length: \(body.utf8.count)\r\n\r\n" + body)
      #expect(try publisher.response().status == 204)
    }
    kill(program.process.processIdentifier, SIGTERM)
    // Within a client's patience, which is less than --listener-lag.
    #expect(try program.end().status == 0)
  }

  @Test func `out of descriptors it serves those it has and takes up accepting again`() throws {
    let program = try Program(Self.anyPort, descriptors: 64)
    let port = try program.port()
    let listener = try Listener(port: port)
    // Fewer than it knows of, as if others had taken them: connections are bounded by what it knows.
    try lowerLimit(of: program.process.processIdentifier, to: 30)
    var idle = try (0..<100).map { _ in try Client(port: port) }
    _ = try program.line(matching: "no file descriptor left")
    #expect(try comesToRest(program.process.processIdentifier))
    idle.removeAll()
    let publisher = try Client(port: port)
    try publisher.send(
      "POST /post HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        + "Content-Length: 9\r\n\r\nmessage=x")
    #expect(try publisher.response().status == 204)
    #expect(try listener.texts(1)[0].hasSuffix(": x"))
    kill(program.process.processIdentifier, SIGTERM)
    let text = try program.end().text
    #expect(
      text.split(separator: "\n").filter { $0.contains("no file descriptor left") }.count == 1)
  }

  @Test func `those who say nothing can't take the last descriptors`() throws {
    let program = try Program(Self.anyPort + ["--stats-interval", "100ms"], descriptors: 64)
    let port = try program.port()
    let listener = try Listener(port: port)
    let silent = try (0..<200).map { _ in try Client(port: port) }
    let publisher = try Client(port: port)
    try publisher.send(
      "POST /post HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        + "Content-Length: 9\r\n\r\nmessage=x")
    #expect(try publisher.response().status == 204)
    #expect(try listener.texts(1)[0].hasSuffix(": x"))
    _ = try program.line(matching: "statistics .*ended-total=[0-9]")
    kill(program.process.processIdentifier, SIGTERM)
    #expect(try !program.end().text.contains("no file descriptor left"))
    withExtendedLifetime(silent) {}
  }

  @Test func `streams are refused before the descriptors run out, and publishers still get in`()
    throws
  {
    let program = try Program(Self.anyPort + ["--stats-interval", "100ms"], descriptors: 64)
    let port = try program.port()
    var listeners: [Listener] = []
    var refused: Response?
    while refused == nil, listeners.count < 64 {
      let listener = try Listener(port: port)
      if listener.response.status == 200 {
        listeners.append(listener)
      } else {
        refused = listener.response
      }
    }
    #expect(refused?.status == 503 && refused?["Retry-After"] != nil)
    #expect(listeners.count >= 30)
    let publisher = try Client(port: port)
    try publisher.send(
      "POST /post HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        + "Content-Length: 9\r\n\r\nmessage=x")
    #expect(try publisher.response().status == 204)
    for listener in listeners { #expect(try listener.texts(1)[0].hasSuffix(": x")) }
    _ = try program.line(
      matching: "statistics .*delivered=\(listeners.count) .*listeners=\(listeners.count) ")
  }

  /// Sets the soft limit on descriptors of a process that runs.
  private func lowerLimit(of process: Int32, to descriptors: UInt) throws {
    let command = try ChildProcess(
      "/usr/bin/prlimit", ["--pid", "\(process)", "--nofile=\(descriptors):"])
    #expect(command.end() && command.status == 0)
  }

  /// Whether there is a second, one of five, in which a process uses less than a third of a core:
  /// what it did to start doesn't count, and one that spins has no such second.
  private func comesToRest(_ process: Int32) throws -> Bool {
    for _ in 0..<5 {
      let before = try cpuTime(of: process)
      usleep(1_000_000)  // Not a wait for anything: the second that is looked at.
      if try cpuTime(of: process) - before < 0.3 { return true }
    }
    return false
  }

  /// Seconds of processor time that a process has used.
  private func cpuTime(of process: Int32) throws -> Double {
    let text = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
    let fields = text.split(separator: ")").last!.split(separator: " ")
    return (Double(fields[11])! + Double(fields[12])!) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }
}
