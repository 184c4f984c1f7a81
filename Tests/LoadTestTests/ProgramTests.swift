import Foundation
import LoadTest
import Reactor
import TestSupport
import Testing

/// The built program, as its user starts it.
@Suite struct ProgramTests {
  /// A running `belfry-bench`; ended with the test.
  private final class Program {
    let process: ChildProcess
    private let output = NSTemporaryDirectory() + "bench-\(UInt64.random(in: 0...UInt64.max)).log"

    init(_ arguments: [String], descriptors: Int? = nil) throws {
      // The program is built beside the tests.
      let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
      let binary = folder.appendingPathComponent("belfry-bench").path
      let limit = descriptors.map { "ulimit -n \($0); " } ?? ""
      process = try ChildProcess(
        "/bin/bash", ["-c", limit + "exec \"$0\" \"$@\" >\(output) 2>&1", binary] + arguments)
    }

    deinit { unsafe unlink(output) }

    var text: String { (try? String(contentsOfFile: output, encoding: .utf8)) ?? "" }

    /// Waits until it has ended, and returns how, and all that it printed.
    func end() throws -> (status: Int32, text: String) {
      // A comparison takes longer than a client's patience.
      guard (0..<3).contains(where: { _ in process.end() }), let status = process.status else {
        throw Client.Failure(description: "still running: \(text)")
      }
      return (status, text)
    }
  }

  private func url(_ server: FaultyServer) -> [String] {
    [
      "--url", "http://127.0.0.1:\(server.port)", "--stream-path", "/stream", "--patience",
      "\(server.patience)s",
    ]
  }

  private let small = ["--listeners", "10", "--messages", "20", "--rate", "100"]

  @Test func `a run on a server that does well ends with 0, and one with faults with 1`() throws {
    let good = try FaultyServer()
    let well = try Program(url(good) + small).end()
    #expect(well.status == 0 && well.text.contains("OK: every listener"), "\(well)")
    let bad = try FaultyServer(.doublesEvery(50))
    let ill = try Program(["run"] + url(bad) + small).end()
    #expect(ill.status == 1 && ill.text.contains("FAILED: 4 duplicated"), "\(ill)")
  }

  @Test func `several processes share the listeners, and miss no fault`() throws {
    let server = try FaultyServer(.dropsEvery(50))
    let json = NSTemporaryDirectory() + "bench-\(UInt64.random(in: 0...UInt64.max)).json"
    defer { unsafe unlink(json) }
    let (status, text) = try Program(
      url(server) + small + ["--processes", "3", "--json", json]
    ).end()
    #expect(status == 1 && text.contains("FAILED: 4 missing"), "\(text)")
    let report = try ReportFile.report(at: json)
    #expect(report.load.processes == 3 && report.delivered == 196 && report.opened == 10)
    #expect(report.lastListenerMs.max > 0 && report.published == 20)
    let shown = try Program(["report", json]).end()
    #expect(shown.status == 0 && shown.text.contains("FAILED: 4 missing"), "\(shown)")
    let html = json + ".html"
    defer { unsafe unlink(html) }
    #expect(try Program(["report", json, json, "--html", html]).end().status == 0)
    #expect(try String(contentsOfFile: html, encoding: .utf8).contains("2 runs compared"))
  }

  @Test func `what keeps the load from beginning is said, with status 2`() throws {
    let port = try ReservedPort()
    let nobody = try Program(["--url", "http://127.0.0.1:\(port.number)"] + small).end()
    withExtendedLifetime(port) {}
    #expect(nobody.status == 2 && nobody.text.contains("start the server"), "\(nobody)")
    let missing = try FaultyServer(.refusesStreams(.init(rawValue: 404)))
    let lost = try Program(url(missing) + small).end()
    #expect(lost.status == 2 && lost.text.contains("404"), "\(lost)")
    let server = try FaultyServer()
    let poor = try Program(url(server) + ["--listeners", "300"], descriptors: 256).end()
    #expect(poor.status == 2 && poor.text.contains("ulimit -n 333"), "\(poor)")
    let gone = try Program(url(server) + small + ["--pid", "999999999"]).end()
    #expect(gone.status == 2 && gone.text.contains("--pid"), "\(gone)")
    let file = try Program(["report", "/nonexistent.json"]).end()
    #expect(file.status == 2 && file.text.contains("/nonexistent.json"), "\(file)")
    let nchan = try Program(["--target", "nchan", "--own-room"]).end()
    #expect(nchan.status == 2 && nchan.text.contains("--target belfry"), "\(nchan)")
    let https = try Program(["--url", "https://example.org"]).end()
    #expect(https.status == 2 && https.text.contains("https"), "\(https)")
  }

  @Test(arguments: [
    (["--no-such-option"], "--no-such-option"), (["--listeners", "0"], "--listeners"),
    (["--size", "10"], "--size"), (["--size", "200-100"], "size"),
    (["--duration", "5"], "duration"),
    (["--scenario", "storm"], "scenario"), (["--rate", "0"], "--rate"), (["--rate=-1"], "--rate"),
    (["--rate", "1e-12"], "--rate"), (["--connect-rate", "1e-9"], "--connect-rate"),
    (["--rate", "0.001", "--messages", "1000000"], "31 days"), (["--duration", "800h"], "744h"),
    (["--in-turn", "--processes", "2"], "--in-turn"), (["--share", "2"], "--share"),
    (["--target", "apache"], "target"), (["compare", "--rounds", "2"], "--rounds"),
    (["compare", "--against", "apache"], "apache"), (["--sources", "300"], "--sources"),
    (["--rooms", "2000"], "--rooms"), (["report"], "files"),
    (["--own-room", "--rooms", "2"], "--own-room"),
  ])
  func `a bad option is named, and the status is 64`(arguments: [String], name: String) throws {
    let (status, text) = try Program(arguments).end()
    #expect(status == 64 && text.contains(name), "\(status) \(text)")
  }

  @Test(arguments: [
    ["--publishers", "4", "--messages", "200", "--rate", "0"], ["--scenario", "connect-storm"],
    ["--scenario", "churn", "--share", "1"],
  ])
  func `several processes agree that a server does well`(arguments: [String]) throws {
    let server = try FaultyServer()
    let (status, text) = try Program(
      url(server) + ["--listeners", "10", "--processes", "2"]
        + (arguments.contains("--rate") ? [] : ["--messages", "100", "--rate", "200"]) + arguments
    ).end()
    #expect(status == 0, "\(text)")
  }

  @Test func `a second Ctrl-C waits for nothing, and still reports`() throws {
    // Everything is dropped, so the load waits for its patience's end.
    let server = try FaultyServer(.dropsEvery(1))
    let program = try Program(
      url(server) + [
        "--listeners", "10", "--duration", "600s", "--rate", "100", "--patience", "600s",
      ])
    #expect(eventually { server.published > 20 })
    kill(program.process.processIdentifier, SIGINT)
    kill(program.process.processIdentifier, SIGINT)
    #expect(
      eventually {
        kill(program.process.processIdentifier, SIGINT)
        return !program.process.isRunning
      })
    let (status, text) = try program.end()
    #expect(status == 1 && text.contains("FAILED: interrupted"), "\(text)")
  }

  @Test func `a load process that dies ends the run with what the others measured`() throws {
    let server = try FaultyServer()
    let program = try Program(
      url(server) + [
        "--listeners", "10", "--duration", "600s", "--rate", "100", "--processes", "3",
      ])
    #expect(eventually { server.published > 20 })
    // The shell became the program; its children are the load processes.
    let family = ServerSample.family(of: Int(program.process.processIdentifier))
    #expect(family.count == 4, "\(family)")
    kill(Int32(family[family.count - 1]), SIGKILL)
    let (status, text) = try program.end()
    #expect(status == 1 && text.contains(/FAILED: load process \d died/), "\(text)")
    #expect(text.contains(/delivered +[1-9]/), "\(text)")
  }

  @Test(arguments: [1, 2])
  func `Ctrl-C ends a run with the report of what was measured`(processes: Int) throws {
    let server = try FaultyServer()
    let program = try Program(
      url(server) + [
        "--listeners", "10", "--duration", "60s", "--rate", "100", "--processes", "\(processes)",
      ])
    // The trial's message and some of the load's.
    #expect(eventually { server.published > 20 })
    kill(program.process.processIdentifier, SIGINT)
    let (status, text) = try program.end()
    #expect(status == 1 && text.contains("FAILED: interrupted"), "\(text)")
    #expect(text.contains(/missing +0\n/), "\(text)")
  }

  @Test func `a server that dies is reported, with status 1`() throws {
    let server = try FaultyServer(.dies(at: 10))
    let (status, text) = try Program(url(server) + small).end()
    #expect(status == 1 && text.contains("FAILED: POST /post"), "\(text)")
    #expect(text.contains(/delivered +90\n/), "\(text)")
  }

  @Test func `a Unix socket is loaded as well`() throws {
    let path = NSTemporaryDirectory() + "bench-\(UInt32.random(in: 0...UInt32.max))"
    let server = try FaultyServer(unix: path)
    let (status, text) = try Program(
      ["--unix", path, "--stream-path", "/stream"] + small
    ).end()
    #expect(status == 0 && text.contains("unix:\(path)"), "\(text)")
    withExtendedLifetime(server) {}
  }

  @Test func `Ctrl-C ends a comparison with what was measured, and its servers`() throws {
    let program = try Program([
      "compare", "--listeners", "20", "--duration", "600s", "--rate", "50", "--against", "",
    ])
    #expect(eventually { program.text.contains("round 1 of 3: belfry") })
    let pid = Int(program.process.processIdentifier)
    // The server and the load.
    #expect(eventually { ServerSample.family(of: pid).count == 3 })
    let family = ServerSample.family(of: pid)
    kill(program.process.processIdentifier, SIGINT)
    let (status, text) = try program.end()
    #expect(status == 1 && text.contains("ended early: interrupted in round 1 of 3"), "\(text)")
    #expect(!family.contains { ServerSample.exists($0) })
  }

  @Test(arguments: [1, 3])
  func `each listener follows a room of its own and a shared one`(processes: Int) throws {
    let server = try FaultyServer(.leaksEvery(4), trials: 3)
    let (status, text) = try Program(
      [
        "--url", "http://127.0.0.1:\(server.port)", "--own-room", "--processes", "\(processes)",
        "--patience", "\(server.patience)s",
      ] + small
    ).end()
    #expect(status == 1 && text.contains("FAILED: 2 foreign"), "\(text)")
    #expect(text.contains(/delivered +310\n/) && text.contains("20 more messages"), "\(text)")
  }

  @Test func `Belfry itself is compared with the floor`() throws {
    let (status, text) = try Program([
      "compare", "--listeners", "20", "--messages", "20", "--against", "",
    ]).end()
    #expect(status == 0, "\(text)")
    #expect(text.contains("| Belfry | ") && text.contains("| floor (a bare `send` loop) | "))
    #expect(text.contains("load tool CPU") && text.contains("per delivery of the floor"))
    #expect(text.contains("- machine: ") && text.contains("- versions: belfry: "))
  }
}
