import Foundation
import TestSupport
import Testing

@testable import BelfryServer

/// SIGHUP and the file of options, with the built program.
@Suite struct ReloadTests {
  private func status(_ port: UInt16, _ target: String, _ fields: String = "") throws -> Int {
    let client = try Client(port: port)
    try client.send("GET \(target) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\(fields)\r\n")
    return try client.response().status
  }

  private func post(_ port: UInt16, _ path: String, _ form: String) throws -> Response {
    let client = try Client(port: port)
    try client.send(
      "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        + "Content-Length: \(form.utf8.count)\r\n\r\n\(form)")
    return try client.response()
  }

  @Test func `SIGHUP has limits, secrets and the log level read again, and no stream notices`()
    throws
  {
    let secret = try TemporaryFile(String(repeating: "a", count: 40))
    let config = try TemporaryFile("# limits\nmax-listeners-per-ip = 3\nretry=7s\n\n")
    let program = try ProgramTests.Program(
      ProgramTests.anyPort + [
        "--config", config.path, "--secret-file", secret.path, "--drain-time", "1s",
      ])
    let port = try program.port()
    let listeners = try (0..<3).map { _ in try Listener(port: port) }
    _ = try listeners[0].openingID()
    #expect(listeners[0].retry == .seconds(7))
    #expect(try status(port, "/stream") == 429)
    let cookie = try #require(post(port, "/login", "user=Ann").cookie)
    #expect(try status(port, "/", "Cookie: \(cookie)\r\n") == 200)

    try config.write(
      """
      max-listeners-per-ip = 4
      post-rate = 3/h
      new-names-rate = 1/h
      log-level = debug
      max-rooms = 7

      """)
    try secret.write(String(repeating: "b", count: 40))
    kill(program.process.processIdentifier, SIGHUP)
    let line = try program.line(matching: "settings reloaded .*")
    for option in [
      "max-listeners-per-ip", "post-rate", "new-names-rate", "log-level", "secret-file", "retry",
    ] {
      #expect(line.contains(option), "\(option)")
    }
    _ = try program.line(matching: "some settings need a restart options=max-rooms")
    let fourth = try Listener(port: port)
    #expect(fourth.response.status == 200)
    #expect(try status(port, "/stream") == 429)
    #expect(try status(port, "/", "Cookie: \(cookie)\r\n") == 302)
    #expect(try post(port, "/post", "message=x&room=a").status == 204)
    #expect(try post(port, "/post", "message=x&room=b").text.contains("rate limit of new rooms"))
    for _ in 0..<2 { #expect(try post(port, "/post", "message=x").status == 204) }
    #expect(try post(port, "/post", "message=x").status == 429)
    for listener in listeners { #expect(try listener.texts(2).count == 2) }

    // With a mistake in it everything stays as it was.
    for (text, mistake) in [
      (
        "max-listeners-per-ip = 9\nmax-listener = 1\n",
        ":2.: unknown option; did you mean max-listeners"
      ),
      ("max-listeners-per-ip = 9\nretry = soon\n", "retry"),
      (
        "max-listeners-per-ip = 9\nmax-connections = 0\n",
        "max-connections = 0 .*:2.: write 1 or more"
      ),
    ] {
      try config.write(text)
      kill(program.process.processIdentifier, SIGHUP)
      _ = try program.line(matching: "error settings not reloaded .*\(mistake)")
      #expect(try status(port, "/stream") == 429)
    }
    kill(program.process.processIdentifier, SIGTERM)
    #expect(try program.end().status == 0)
  }

  @Test func `a running server tells of each option whether it took the new value`() throws {
    let config = try TemporaryFile("")
    let file = try TemporaryFile(String(repeating: "k", count: 40))
    let program = try ProgramTests.Program(ProgramTests.anyPort + ["--config", config.path])
    _ = try program.port()
    let onCommandLine: [AnyKeyPath] = [\ServerSettings.configFile, \ServerSettings.listen]
    let rows = OptionTable.rows.filter { !onCommandLine.contains($0.path) }
    try config.write(
      rows.map { "\($0.name) = \(try OptionTableTests.other($0, file: file.path))\n" }.joined())
    kill(program.process.processIdentifier, SIGHUP)
    func names(_ pattern: String) throws -> Set<String> {
      let names = try program.line(matching: pattern + "\\S+").split(separator: "=").last ?? ""
      return Set(names.split(separator: ",").map(String.init))
    }
    #expect(
      try names("settings reloaded changed=")
        == Set(rows.filter { $0.change != .restart }.map(\.name)))
    #expect(
      try names("some settings need a restart options=")
        == Set(rows.filter { $0.change == .restart }.map(\.name)))
    kill(program.process.processIdentifier, SIGTERM)
    #expect(try program.end().status == 0)
  }

  @Test func `the command line wins over the environment, and that over the file`() throws {
    let config = try TemporaryFile("retry = 7s\nbase-path = /c\nlisten = 127.0.0.1:1,127.0.0.1:2\n")
    let program = try ProgramTests.Program(
      ProgramTests.anyPort,
      environment: ["BELFRY_CONFIG": config.path, "BELFRY_BASE_PATH": "/b"])
    let line = try program.line(
      matching: #"info listening address=\S+ url=http://127\.0\.0\.1:[0-9]+/b/"#)
    let port = try #require(UInt16(line.dropLast(3).split(separator: ":").last!))
    let listener = try Listener(port: port, "/b/stream")
    _ = try listener.openingID()
    #expect(listener.retry == .seconds(7))
  }

  @Test(arguments: [
    ("retry\n", ".conf:1: write"), ("\n#\nretry = 1s\nretry = 2s\n", ".conf:4): leave"),
    ("config = x\n", "config"),
    ("retry = soon\n", "retry"), ("= 3\n", ".conf:1: write"),
  ])
  func `a mistake in the file is named at the start too`(text: String, name: String) throws {
    let config = try TemporaryFile(text)
    let (status, printed) = try ProgramTests.Program(
      ProgramTests.anyPort + ["--config=\(config.path)"]
    ).end()
    #expect(status == 64 && printed.contains(name), "\(status) \(printed)")
  }

  @Test func `many signals at once are as good as one`() throws {
    let config = try TemporaryFile("max-listeners-per-ip = 1\n")
    let program = try ProgramTests.Program(
      ProgramTests.anyPort + ["--config", config.path, "--drain-time", "1s"])
    let port = try program.port()
    let listener = try Listener(port: port)
    for limit in 2...20 {
      try config.write("max-listeners-per-ip = \(limit)\n")
      for _ in 0..<5 { kill(program.process.processIdentifier, SIGHUP) }
    }
    // Whatever was read in between, the last state is.
    #expect(
      try eventually {
        let more = try (0..<19).map { _ in try Listener(port: port) }
        return more.allSatisfy { $0.response.status == 200 }
      })
    #expect(try post(port, "/post", "message=x").status == 204)
    #expect(try listener.texts(1)[0].hasSuffix(": x"))
    kill(program.process.processIdentifier, SIGTERM)
    #expect(try program.end().status == 0)
  }
}
