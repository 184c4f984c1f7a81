import Foundation
import TestSupport
import Testing

/// `belfry check`.
@Suite struct CheckTests {
  private func check(
    _ arguments: String..., environment: [String: String] = [:], descriptors: Int? = nil
  ) throws -> (status: Int32, text: String) {
    try ProgramTests.Program(
      ["check"] + arguments, environment: environment, descriptors: descriptors
    ).end()
  }

  @Test func `every option is printed with its value`() throws {
    let (status, text) = try check()
    #expect(status == 0)
    let shown = text.split(separator: "\n").compactMap { line in
      line.contains(" = ") ? line.split(separator: " ").first.map { "--" + $0 } : nil
    }
    let help = try ProgramTests.Program(["serve", "--help"]).end().text
    let options = help.matches(of: /\n\s+(--[a-z-]+)/).map { String($0.1) }
    #expect(Set(shown) == Set(options).subtracting(["--help", "--version"]))
    #expect(shown.count == Set(shown).count)
    for line in [
      "listen = 127.0.0.1:5000  # default", "history-age = 1h  # default", "rooms = *  # default",
      "access-log = none  # default", "reuse-port = false  # default",
    ] { #expect(text.contains("\n\(line)\n"), "\(line) in \(text)") }
  }

  @Test func `it says who gave a value, and a value that is nobody's is the default`() throws {
    let file = NSTemporaryDirectory() + "belfry-\(UInt64.random(in: 0...UInt64.max)).conf"
    defer { unsafe unlink(file) }
    try "retry = 3s\nhistory-age = 2h\nreuse-port = true\nheartbeat = 20s\n"
      .write(toFile: file, atomically: false, encoding: .utf8)
    let (status, text) = try check(
      "--config", file, "--retry=4s", "--listen", "127.0.0.1:1", "--listen", "unix:/s",
      environment: ["BELFRY_HISTORY_AGE": "3h", "BELFRY_ORIGIN": "http://a,http://b:81"])
    #expect(status == 0)
    for line in [
      "config = \(file)  # command line", "retry = 4s  # command line",
      "history-age = 3h  # environment", "reuse-port = true  # file", "heartbeat = 20s  # file",
      "listen = 127.0.0.1:1,unix:/s  # command line",
      "origin = http://a,http://b:81  # environment",
      "max-rooms = 10000  # default",
    ] { #expect("\n\(text)".contains("\n\(line)\n"), "\(line) in \(text)") }
  }

  @Test func `of secrets it says only how many there are`() throws {
    let file = NSTemporaryDirectory() + "belfry-\(UInt64.random(in: 0...UInt64.max)).secret"
    defer { unsafe unlink(file) }
    let keys = ["horse", "zebra"].map { String(repeating: $0, count: 8) }
    try keys.joined(separator: "\n").write(toFile: file, atomically: false, encoding: .utf8)
    for (text, line) in [
      (
        try check("--secret-file", file, "--redis", "redis://ann:horse@h/3").text,
        "secret-file = \(file): set, 2 keys  # command line"
      ),
      (
        try check(environment: [
          "BELFRY_SECRET": keys[0], "BELFRY_REDIS": "redis://ann:horse@h/3",
        ]).text, "BELFRY_SECRET = set, 1 key  # environment"
      ),
    ] {
      #expect(
        text.contains("\n\(line)\n") && text.contains("\nredis = redis://h:6379/3 "), "\(text)")
      #expect(!text.contains("horse") && !text.contains("zebra"), "\(text)")
    }
  }

  @Test(arguments: [
    (["--retry", "soon"], "--retry"), (["--secret-file", "/nonexistent"], "/nonexistent"),
    (["--config", "/nonexistent"], "/nonexistent"), (["--vue-path", "/nonexistent"], "--vue-path"),
    (["--no-such-option"], "--no-such-option"), (["--max-listeners", "0"], "--max-listeners"),
    (["--access-log", ""], "--access-log"),
    (["--listen", "127.0.0.1:5", "--admin-listen", "127.0.0.1:5"], "127.0.0.1:5"),
  ])
  func `what serve would not start with has status 64`(arguments: [String], name: String) throws {
    let (status, text) = try ProgramTests.Program(["check"] + arguments).end()
    #expect(status == 64 && text.contains(name), "\(status) \(text)")
    #expect(!text.contains("# default"))
  }

  @Test func `what is doubtful is a warning`() throws {
    let (status, text) = try check(
      "--max-listeners", "5000", environment: ["BELFRY_RETRI": "1s"], descriptors: 1024)
    #expect(status == 0)
    #expect(text.contains("warning: unknown environment variable BELFRY_RETRI"))
    #expect(text.contains("warning: --max-listeners 5000: the file descriptor limit"))
    #expect(text.contains("allows only 924") && text.contains("warning: no session key is set"))
    let few = try check(descriptors: 20)
    #expect(few.status == 1 && few.text.contains("ulimit -n"))
  }

  @Test func `nothing is listened on, connected to or written`() throws {
    let path = NSTemporaryDirectory() + "belfry-\(UInt64.random(in: 0...UInt64.max))"
    let (status, _) = try check(
      "--listen", "unix:\(path)", "--access-log", path, "--redis", "redis://127.0.0.1:1")
    #expect(status == 0 && !FileManager.default.fileExists(atPath: path))
  }
}
