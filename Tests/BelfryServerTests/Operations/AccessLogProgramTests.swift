import Foundation
import TestSupport
import Testing

/// The access log of the built program: its signal, its successor.
@Suite struct AccessLogProgramTests {
  /// A directory for logs; removed with the test.
  private final class Directory {
    let path = NSTemporaryDirectory() + "belfry-\(UInt64.random(in: 0...UInt64.max))"
    init() throws {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }

    func lines(_ name: String) -> [String] {
      let text = (try? String(contentsOfFile: "\(path)/\(name)", encoding: .utf8)) ?? ""
      return text.split(separator: "\n").map(String.init)
    }
  }

  private func get(_ target: String, _ port: UInt16) throws {
    let client = try Client(port: port)
    try client.send("GET \(target) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    _ = try client.response()
  }

  @Test func `SIGUSR1 after a renaming goes on in a new file, without a line lost`() throws {
    let directory = try Directory()
    let program = try ProgramTests.Program(
      ProgramTests.anyPort + ["--access-log", directory.path + "/log"])
    let port = try program.port()
    let listener = try Listener(port: port)
    for round in 0..<5 {
      for number in 0..<10 { try get("/healthz?\(round * 10 + number)", port) }
      try FileManager.default.moveItem(
        atPath: directory.path + "/log", toPath: directory.path + "/log.\(round)")
      kill(program.process.processIdentifier, SIGUSR1)
      #expect(eventually { FileManager.default.fileExists(atPath: directory.path + "/log") })
    }
    listener.close()
    // Lines that were still on their way at the signal may stand before it.
    #expect(eventually { directory.lines("log").last?.hasSuffix(" client") == true })
    kill(program.process.processIdentifier, SIGTERM)
    #expect(try program.end().status == 0)
    let files = (0..<5).map { directory.lines("log.\($0)") } + [directory.lines("log")]
    let targets = files.joined().compactMap { $0.split(separator: " ").dropFirst(6).first }
    #expect(targets == (0..<50).map { "/healthz?\($0)" } + ["/stream"])
    #expect(files.last?.last?.hasSuffix(" client") == true)
  }

  @Test func `when the file can't be opened again the log says so, and it goes on in the old one`()
    throws
  {
    let (directory, other) = (try Directory(), try Directory())
    let program = try ProgramTests.Program(
      ProgramTests.anyPort + ["--access-log", directory.path + "/log"])
    let port = try program.port()
    try FileManager.default.moveItem(
      atPath: directory.path + "/log", toPath: other.path + "/log")
    try FileManager.default.removeItem(atPath: directory.path)
    kill(program.process.processIdentifier, SIGUSR1)
    _ = try program.line(matching: "error access log not reopened.*No such file")
    try get("/healthz", port)
    #expect(eventually { other.lines("log").count == 1 })
    kill(program.process.processIdentifier, SIGTERM)
    #expect(try program.end().status == 0)
  }

  @Test func `SIGUSR1 does nothing to a server without an access log`() throws {
    let program = try ProgramTests.Program(ProgramTests.anyPort)
    let status = "/proc/\(program.process.processIdentifier)/status"
    // As early as a program can say what a signal shall do: the linker and Swift's runtime come before.
    #expect(
      eventually {
        let text = (try? String(contentsOfFile: status, encoding: .utf8)) ?? ""
        return text.matches(of: /Sig(?:Ign|Cgt):\s([0-9a-f]+)/).contains { mask in
          UInt64(mask.1, radix: 16)! & 1 << UInt64(SIGUSR1 - 1) != 0
        }
      })
    kill(program.process.processIdentifier, SIGUSR1)
    let port = try program.port()
    kill(program.process.processIdentifier, SIGUSR1)
    try get("/healthz", port)
    kill(program.process.processIdentifier, SIGTERM)
    let (end, text) = try program.end()
    #expect(end == 0 && !text.contains("access log"), "\(text)")
  }

  @Test func `a successor goes on in the same file, and each stream has one line`() throws {
    let directory = try Directory()
    let program = try ProgramTests.Program(
      ProgramTests.anyPort + [
        "--access-log", directory.path + "/log", "--access-log-format", "json",
        "--takeover-time", "200ms",
      ])
    let port = try program.port()
    let listeners = try (0..<20).map { _ in try Listener(port: port) }
    try get("/healthz?before", port)
    let successor = try Successor(of: program, signalling: program.process.processIdentifier)
    for listener in listeners { #expect(try listener.next() == nil) }
    #expect(eventually { !program.process.isRunning })
    try get("/healthz?after", port)
    try successor.stop()
    let lines = directory.lines("log")
    #expect(lines.count == 22)
    #expect(lines.count { $0.contains("/healthz?before") } == 1)
    #expect(lines.count { $0.contains(#""closed":"drain""#) } == 20)
    #expect(lines.last?.contains("/healthz?after") == true)
    for line in lines {
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      #expect(object?.count == 10)
    }
  }

  @Test(arguments: [
    (["--access-log", "/nonexistent/log"], 1, "/nonexistent/log"),
    (["--access-log", "-", "--access-log-format", "xml"], 64, "access-log-format"),
  ])
  func `a file that can't be opened, and a format that is none, are named`(
    arguments: [String], status: Int32, name: String
  ) throws {
    let end = try ProgramTests.Program(ProgramTests.anyPort + arguments).end()
    #expect(end.status == status && end.text.contains(name), "\(end)")
  }
}
