import Foundation
import Glibc
import Reactor
import TestSupport
import Testing

@testable import BelfryServer

/// What a service manager sees and hands over, on the built program.
@Suite struct ServiceTests {
  private static let alive = "WATCHDOG=1"

  @Test(arguments: [false, true])
  func `it hears of the start, of life, of a takeover and of the end`(isAbstract: Bool) throws {
    let manager = DatagramSocket(isAbstract: isAbstract, readsAhead: true)
    // Before it can have said anything: what it says waits here until it is asked for.
    let start = ContinuousClock.now
    let program = try ProgramTests.Program(
      ProgramTests.anyPort,
      environment: ["NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "200000"])
    #expect(manager.receive() == "READY=1")
    for _ in 0..<10 { #expect(manager.receive() == Self.alive) }
    // Every 100 ms.
    #expect(ContinuousClock.now - start > .milliseconds(800))
    let successor = try Successor(of: program, signalling: program.process.processIdentifier)
    let reloading = try #require(manager.receive(skipping: Self.alive))
    #expect(reloading.wholeMatch(of: /RELOADING=1\nMONOTONIC_USEC=[0-9]+/) != nil)
    #expect(
      manager.receive(skipping: Self.alive) == "MAINPID=\(successor.processID)\nREADY=1")
    #expect(try program.end().status == 0)
    // Both of them may have been alive before that; now it is the one.
    for _ in 0..<5 { #expect(manager.receive() == Self.alive) }
    try successor.stop()
    #expect(manager.receive(skipping: Self.alive) == "STOPPING=1")
  }

  @Test func `a takeover that fails is no takeover`() throws {
    let manager = DatagramSocket()
    let file = try TemporaryFile("")
    let program = try ProgramTests.Program(
      ProgramTests.anyPort + ["--config", file.path],
      environment: ["NOTIFY_SOCKET": manager.name])
    #expect(manager.receive() == "READY=1")
    _ = try program.port()
    try file.write("no option\n")
    kill(program.process.processIdentifier, SIGUSR2)
    #expect(try #require(manager.receive()).hasPrefix("RELOADING=1\n"))
    #expect(manager.receive() == "READY=1")
    kill(program.process.processIdentifier, SIGTERM)
    #expect(manager.receive() == "STOPPING=1")
    #expect(try program.end().status == 0)
  }

  @Test func `a watchdog that is another process' is none, and a strange socket no obstacle`()
    throws
  {
    let manager = DatagramSocket()
    let program = try ProgramTests.Program(
      ProgramTests.anyPort,
      environment: [
        "NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1",
      ])
    #expect(manager.receive() == "READY=1")
    _ = try program.port()
    kill(program.process.processIdentifier, SIGTERM)
    #expect(manager.receive() == "STOPPING=1")
    #expect(try program.end().status == 0)
    let strange = try ProgramTests.Program(
      ProgramTests.anyPort, environment: ["NOTIFY_SOCKET": "vsock:2:1"])
    _ = try strange.port()
    _ = try strange.line(matching: "NOTIFY_SOCKET=vsock:2:1 is not a Unix socket")
    kill(strange.process.processIdentifier, SIGTERM)
    #expect(try strange.end().status == 0)
  }

  /// Fills the manager's queue, and returns with how many datagrams.
  private func fill(_ manager: DatagramSocket) throws -> Int {
    // A socket has its own bound on what nobody has read, below that of the manager's queue.
    var queued = 0
    while queued < 1_000_000, try ServiceSocket(path: manager.name).send("x") { queued += 1 }
    return queued
  }

  @Test func `a file is kept when the manager hears of it, and it may take its time`() throws {
    let manager = DatagramSocket()
    let notifier = try ServiceNotifier(on: EventLoop(), ServiceSettings(socket: manager.name))
    let queued = try fill(manager)
    notifier.stopping()
    let file = try MemoryFile(labelled: "test")
    let start = ContinuousClock.now
    #expect(!notifier.keep(file, named: "history"))
    #expect(ContinuousClock.now - start >= .seconds(1))
    for _ in 0..<queued { #expect(manager.receive() == "x") }
    #expect(notifier.keep(file, named: "history"))
    #expect(manager.receive() == "STOPPING=1")
    #expect(manager.receive() == "FDSTORE=1\nFDNAME=history")
  }

  @Test func `a manager that hears late of a successor hears of it all the same`() throws {
    let manager = DatagramSocket()
    let notifier = try ServiceNotifier(on: EventLoop(), ServiceSettings(socket: manager.name))
    let queued = try fill(manager)
    notifier.handedOver(to: 7)
    let thread = RunningThread { [notifier = Carried(notifier)] in
      notifier.value.close(within: .seconds(Client.patience))
    }
    for _ in 0..<queued { #expect(manager.receive() == "x") }
    #expect(manager.receive() == "MAINPID=7\nREADY=1")
    thread.join()
  }

  // MARK: Sockets

  /// A listening socket of the test's own.
  private func listeningSocket(path: String? = nil) throws -> Int32 {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = socket(path == nil ? AF_INET : AF_UNIX, type, 0)
    if let path {
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      unsafe withUnsafeMutableBytes(of: &address.sun_path) {
        unsafe $0.copyBytes(from: path.utf8)
      }
      let status = unsafe withUnsafePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
      try #require(status == 0)
    }
    // Without an address the kernel chooses a port; of all interfaces, so it is restricted here.
    if path == nil {
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      unsafe inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
      let status = unsafe withUnsafePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      try #require(status == 0)
    }
    try #require(listen(descriptor, 64) == 0)
    return descriptor
  }

  /// A program that is started as a service manager starts it.
  private final class Activated {
    private let loop: EventLoop
    let process: SpawnedProcess
    private let output = NSTemporaryDirectory() + "belfry-\(UInt64.random(in: 0...UInt64.max)).log"

    init(_ sockets: [Int32], names: String, pid: String = "$$") throws {
      let script = """
        export LISTEN_PID=\(pid) LISTEN_FDS=\(sockets.count) LISTEN_FDNAMES=\(names)
        exec "$0" --listen 127.0.0.1:0 >\(output) 2>&1
        """
      loop = try EventLoop()
      let told = Told()
      process = try SpawnedProcess(
        "/bin/sh", arguments: ["/bin/sh", "-c", script, ProgramTests.Program.built],
        environment: [], descriptors: sockets, on: loop
      ) { [loop] in
        told.reason = $0
        loop.stop()
      }
      self.told = told
    }

    private final class Told { var reason: String? }
    private let told: Told

    deinit {
      process.kill()
      unsafe unlink(output)
    }

    var text: String { (try? String(contentsOfFile: output, encoding: .utf8)) ?? "" }

    /// Ends it with `signal`, or lets it end, and returns how it did.
    func end(_ signal: Int32?) throws -> String {
      if let signal { kill(process.processID, signal) }
      let limit = try LoopEvent(on: loop, after: .seconds(Client.patience)) { [loop] in loop.stop()
      }
      if told.reason == nil { loop.run { false } }
      withExtendedLifetime(limit) {}
      return try #require(told.reason)
    }
  }

  @Test func `it serves on the sockets it is handed, and leaves their paths`() throws {
    let path = "/tmp/belfry-test-\(UInt64.random(in: 0...UInt64.max)).sock"
    let sockets = [try listeningSocket(), try listeningSocket(path: path)]
    defer {
      for socket in sockets { close(socket) }
      unsafe unlink(path)
    }
    let activated = try Activated(sockets, names: "http:local")
    #expect(eventually { activated.text.contains("listening address=unix:\(path)") })
    let port = try #require(activated.text.firstMatch(of: /url=http:\/\/127\.0\.0\.1:([0-9]+)\//))
    for client in [try Client(port: #require(UInt16(port.1))), try Client(path: path)] {
      try client.send("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
      #expect(try client.response().status == 200)
    }
    #expect(try activated.end(SIGTERM) == "exited with status 0")
    unsafe #expect(access(path, F_OK) == 0)
    // Whoever comes now waits for the next one.
    let waiting = try Client(path: path)
    try waiting.send("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    let next = try Activated(sockets, names: "")
    #expect(try waiting.response().status == 200)
    #expect(try next.end(SIGTERM) == "exited with status 0")
  }

  @Test func `a socket that is called admin is the operators', whatever stands beside it`() throws {
    let sockets = [try listeningSocket(), try listeningSocket(), try listeningSocket()]
    defer { for socket in sockets { close(socket) } }
    let activated = try Activated(sockets, names: "http:admin:admin")
    func port(_ pattern: Regex<(Substring, Substring)>, _ place: Int) throws -> UInt16 {
      let matches = activated.text.matches(of: pattern)
      return try #require(matches.count > place ? UInt16(matches[place].1) : nil)
    }
    #expect(eventually { activated.text.matches(of: /admin listening/).count == 2 })
    func status(_ target: String, _ port: UInt16) throws -> Int {
      let client = try Client(port: port)
      try client.send("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
      return try client.response().status
    }
    let publicPort = try port(/url=http:\/\/127\.0\.0\.1:([0-9]+)\//, 0)
    #expect(try status("/metrics", publicPort) == 404)
    #expect(try status("/login", publicPort) == 200)
    for place in 0..<2 {
      let adminPort = try port(/admin listening address=127\.0\.0\.1:([0-9]+)/, place)
      #expect(try status("/metrics", adminPort) == 200)
      #expect(try status("/login", adminPort) == 404)
    }
    #expect(try activated.end(SIGTERM) == "exited with status 0")
  }

  @Test func `sockets that are another process' are not touched, and a file is no socket`() throws {
    let socket = try listeningSocket()
    let other = try Activated([socket], names: "http", pid: "1")
    #expect(eventually { other.text.contains("url=http://127.0.0.1:") })
    #expect(try other.end(SIGTERM) == "exited with status 0")
    close(socket)
    let file = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
    defer { close(file) }
    let wrong = try Activated([file], names: "http")
    #expect(try wrong.end(nil) == "exited with status 1")
    #expect(wrong.text.contains("taking over descriptor 3"))
  }

  @Test func `several processes listen on one port when all of them say so`() throws {
    let drain = ["--drain-time", "1s"]
    let first = try ProgramTests.Program(ProgramTests.anyPort + ["--reuse-port"] + drain)
    let port = try first.port()
    let second = try ProgramTests.Program(
      ["--listen", "127.0.0.1:\(port)"] + drain, environment: ["BELFRY_REUSE_PORT": "true"])
    #expect(try second.port() == port)
    let listeners = try (0..<64).map { _ in try Listener(port: port) }
    kill(first.process.processIdentifier, SIGTERM)
    kill(second.process.processIdentifier, SIGTERM)
    for listener in listeners { while try listener.next() != nil {} }
    // Each had some: the kernel spreads them by their source ports.
    for program in [first, second] {
      let text = try program.end().text
      let match = try #require(text.firstMatch(of: /stopping listeners=([0-9]+)/))
      #expect(1...63 ~= Int(match.1) ?? 0, "\(text)")
    }
    let refused = try ProgramTests.Program(
      ProgramTests.anyPort, environment: ["BELFRY_REUSE_PORT": "perhaps"]
    ).end()
    #expect(refused.status == 64 && refused.text.contains("reuse-port"))
  }
}
