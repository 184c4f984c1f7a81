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
      line.firstMatch(of: /^#?([a-z-]+) =/).map { "--\($0.1)" }
    }
    let help = try ProgramTests.Program(["serve", "--help"]).end().text
    let options = help.matches(of: /\n\s+(--[a-z-]+)/).map { String($0.1) }
    #expect(Set(shown) == Set(options).subtracting(["--help", "--version"]))
    #expect(shown.count == Set(shown).count)
    for line in [
      "# default\nlisten = 127.0.0.1:5000", "# default\nhistory-age = 1h", "# default\n#rooms = *",
      "# default\n#access-log =", "# default\nreuse-port = false",
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
      "# --config\n#config = \(file)", "# --retry\nretry = 4s",
      "# BELFRY_HISTORY_AGE\nhistory-age = 3h", "# \(file):3\nreuse-port = true",
      "# \(file):4\nheartbeat = 20s", "# --listen\nlisten = 127.0.0.1:1,unix:/s",
      "# BELFRY_ORIGIN\norigin = http://a,http://b:81", "# default\nmax-rooms = 10000",
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
        "# --secret-file: set, 2 keys\nsecret-file = \(file)"
      ),
      (
        try check(environment: [
          "BELFRY_SECRET": keys[0], "BELFRY_REDIS": "redis://ann:horse@h/3",
        ]).text, "# BELFRY_SECRET: set, 1 key"
      ),
    ] {
      #expect(
        text.contains("\n\(line)\n")
          && text.contains("; the password is not shown\n#redis = redis://h:6379/3\n"), "\(text)")
      #expect(!text.contains("horse") && !text.contains("zebra"), "\(text)")
    }
  }

  @Test func `what it prints is a config file that comes to the same`() throws {
    let file = try TemporaryFile("")
    let (_, first) = try check(
      "--listen", "unix:/a", "--listen", "unix:/b", "--origin", "https://A:443",
      "--post-rate=20/10s",
      "--rooms", "chat, x*", "--reuse-port", "--redis", "unix:/r?db=2", "--access-log", "-",
      environment: ["BELFRY_RETRY": "7s\n"])
    try file.write(
      first.split(separator: "\n").filter { !$0.hasPrefix("belfry:") }
        .joined(separator: "\n"))
    let (status, second) = try check("--config", file.path)
    #expect(status == 0, "\(second)")
    func settings(_ text: String) -> [Substring] {
      text.split(separator: "\n").filter { !$0.hasPrefix("# ") && !$0.hasPrefix("#config") }
    }
    #expect(settings(first) == settings(second))
    #expect(settings(first).contains("rooms = chat,x*") && settings(first).contains("retry = 7s"))
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
    #expect(!text.contains("# default") && text.split(separator: "\n").count == 1, "\(text)")
  }

  @Test func `what is doubtful is a warning`() throws {
    let (status, text) = try check(
      "--max-listeners", "5000", environment: ["BELFRY_RETRI": "1s"], descriptors: 1024)
    #expect(status == 0)
    #expect(
      text.contains(
        "warning: unknown environment variable BELFRY_RETRI; did you mean BELFRY_RETRY?"))
    #expect(text.contains("warning: --max-listeners 5000: the file descriptor limit"))
    #expect(text.contains("allows only 924") && text.contains("warning: no session key is set"))
    for option in ["--post-rate", "--new-names-rate"] {
      let socket = try check("--listen", "unix:/x", option, "5/s")
      #expect(
        socket.status == 0 && socket.text.contains("warning: per-address limits do not apply"))
    }
    let few = try check(descriptors: 20)
    #expect(few.status == 1 && few.text.contains("ulimit -n"))
  }

  @Test func `a takeover that is none is an error, as it is for serve`() throws {
    let (status, text) = try check(environment: ["BELFRY_TAKEOVER": "some"])
    #expect(status == 1 && text.contains("BELFRY_TAKEOVER=some is invalid"), "\(text)")
  }

  @Test func `nothing is listened on, connected to or written`() throws {
    let path = NSTemporaryDirectory() + "belfry-\(UInt64.random(in: 0...UInt64.max))"
    let (status, _) = try check(
      "--listen", "unix:\(path)", "--access-log", path, "--redis", "redis://127.0.0.1:1")
    #expect(status == 0 && !FileManager.default.fileExists(atPath: path))
  }
}
