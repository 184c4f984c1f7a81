import BelfryServer
import Foundation
import Limits
import Reactor
import TestSupport
import Testing

extension TestServer {
  var adminPort: UInt16 {
    onLoop { server in
      for case .tcp(_, let port) in server.adminAddresses { return port }
      return 0
    }
  }

  func adminClient() throws -> Client { try Client(port: adminPort) }

  func admin(_ target: String, method: String = "GET") throws -> Response {
    let client = try adminClient()
    try client.send("\(method) \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
    return try client.response(toHead: method == "HEAD")
  }
}

/// The operators' side, on real sockets.
@Suite struct AdminTests {
  private func server(_ change: (inout ServerSettings) -> Void = { _ in }) throws -> TestServer {
    try TestServer {
      $0.adminListen = [.tcp(host: "127.0.0.1", port: 0)]
      change(&$0)
    }
  }

  @Test func `the public side has neither metrics nor status, and nobody of these names`() throws {
    let server = try server { $0.basePath = "/chat" }
    defer { server.stop() }
    for name in ["metrics", "status", "status/stream", "METRICS"] {
      #expect(try server.get("/\(name)").status == 404)
      #expect(try server.get("/chat/\(name)").status == 404)
    }
    #expect(try server.get("/chat/readyz").status == 200)
    #expect(try server.get("/chat/Readyz").status == 404)
    #expect(try server.get("/readyz").status == 404)
  }

  @Test func `the operators' side has no chat, and can only be looked at`() throws {
    let server = try server()
    defer { server.stop() }
    for target in ["/stream", "/login", "/Ann", "/metrics/", "/metrics/x"] {
      #expect(try server.admin(target).status == 404, "\(target)")
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"] {
      for target in ["/metrics", "/healthz", "/readyz"] {
        let response = try server.admin(target, method: method)
        #expect(response.status == 405 && response["Allow"] == "GET, HEAD")
      }
      for target in ["/x", "/post", "/metrics/x"] {
        #expect(try server.admin(target, method: method).status == 404, "\(method) \(target)")
      }
    }
    #expect(try server.admin("/%").status == 400)
    let page = try server.admin("/metrics")
    #expect(page["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
    #expect(page["Cache-Control"] == "no-store" && page["Access-Control-Allow-Origin"] == nil)
    let head = try server.admin("/metrics", method: "HEAD")
    #expect(head.status == 200 && head.body.isEmpty && head["Content-Type"] == page["Content-Type"])
  }

  @Test func `without an address there is no such side`() throws {
    let server = try TestServer()
    defer { server.stop() }
    #expect(server.adminPort == 0)
    #expect(try server.get("/readyz").status == 200)
  }

  @Test func `operators get in when the public side is full, and past those who say nothing`()
    throws
  {
    let server = try server {
      $0.http.connections = 5
      $0.admission.listeners = 1
    }
    defer { server.stop() }
    let listener = try server.listen()
    let silent = try (0..<50).map { _ in try server.client() }
    let unread = try (0..<50).map { _ in try server.adminClient() }
    #expect(try server.admin("/metrics").status == 200)
    #expect(server.admission.connections.open <= 5)
    withExtendedLifetime((listener, silent, unread)) {}
  }

  @Test func `many who ask at once are all answered, and so is the last when one has gone`() throws
  {
    let server = try server()
    defer { server.stop() }
    let clients = try (0..<10).map { _ in try server.adminClient() }
    for client in clients { try client.send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n") }
    clients[0].reset()
    clients[4].close()
    for client in clients[5...] { #expect(try client.response().status == 200) }
    // Kept alive, as Prometheus does.
    for _ in 0..<3 {
      try clients[9].send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(try clients[9].response().status == 200)
    }
  }

  @Test func `the process is what the kernel says it is`() throws {
    let program = try ProgramTests.Program(
      ProgramTests.anyPort + ["--admin-listen", "127.0.0.1:0"])
    let port = try program.port()
    let process = program.process.processIdentifier
    let listeners = try (0..<20).map { _ in try Listener(port: port) }
    let client = try Client(port: try program.adminPort())
    var page = MetricsPage("")
    var descriptors = 0
    // It looks at itself at another moment, and has a file of /proc open then or now.
    let agrees = try eventually {
      try client.send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
      page = MetricsPage(try client.response().text)
      descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd").count
      return page["process_open_fds"] == Double(descriptors)
    }
    #expect(agrees && descriptors > 20)
    let limits = try String(contentsOfFile: "/proc/\(process)/limits", encoding: .utf8)
    let limit = try #require(limits.firstMatch(of: /Max open files +([0-9]+)/))
    #expect(page["process_max_fds"] == Double(limit.1))
    let statm = try String(contentsOfFile: "/proc/\(process)/statm", encoding: .utf8)
      .split(separator: " ").prefix(2).map { Double($0)! * Double(sysconf(Int32(_SC_PAGESIZE))) }
    // The thread that asked may have gone, with its stack of 8 MiB, and its heap of 64.
    #expect(abs(try #require(page["process_virtual_memory_bytes"]) - statm[0]) < 100e6)
    #expect(abs(try #require(page["process_resident_memory_bytes"]) - statm[1]) < 2e6)
    let start = try #require(page["process_start_time_seconds"])
    #expect(0..<60 ~= Date().timeIntervalSince1970 - start)
    #expect(try #require(page["process_cpu_seconds_total"]) > 0)
    withExtendedLifetime(listeners) {}
  }

  @Test func `a side that can't listen is one clear line, and few descriptors are said`() throws {
    let first = try ProgramTests.Program(
      ProgramTests.anyPort + ["--admin-listen", "127.0.0.1:0"])
    let port = try first.adminPort()
    let second = try ProgramTests.Program(
      ProgramTests.anyPort, environment: ["BELFRY_ADMIN_LISTEN": "127.0.0.1:0,127.0.0.1:\(port)"]
    ).end()
    #expect(second.status == 1 && second.text.contains("\(port)"))
    let few = try ProgramTests.Program(
      ProgramTests.anyPort + ["--admin-listen", "127.0.0.1:0"], descriptors: 40
    ).end()
    #expect(few.status == 1 && few.text.contains("at least 73 are needed"))
    let bad = try ProgramTests.Program(ProgramTests.anyPort + ["--admin-listen", "nowhere"]).end()
    #expect(bad.status == 64 && bad.text.contains("admin-listen"))
  }

  @Test func `a takeover hands on both sides, each as what it is`() throws {
    let path = "/tmp/belfry-test-\(UInt64.random(in: 0...UInt64.max)).sock"
    let reserved = try ReservedPort()
    defer { withExtendedLifetime(reserved) {} }
    let program = try ProgramTests.Program(
      ProgramTests.anyPort + [
        "--admin-listen", "127.0.0.1:\(reserved.number)", "--admin-listen", "unix:\(path)",
        "--takeover-time", "60s", "--request-timeout", "60s",
      ])
    let (port, adminPort) = (try program.port(), try program.adminPort())
    func page(_ client: Client) throws -> MetricsPage {
      try client.send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
      return MetricsPage(try client.response().text)
    }
    let kept = try Client(port: adminPort)
    let old = try #require(try page(kept)["process_start_time_seconds"])
    // A request that is still on its way keeps the old server here.
    let unfinished = try Client(port: port)
    try unfinished.send("POST /post HTTP/1.1\r\nHost: a\r\n")
    #expect(eventually { (try? page(kept)["belfry_connections"]) == 1 })
    let successor = try Successor(of: program, signalling: program.process.processIdentifier)
    #expect(program.process.isRunning)
    for number in 0..<20 {
      let client = try number % 2 == 0 ? Client(port: adminPort) : Client(path: path)
      let start = try #require(try page(client)["process_start_time_seconds"])
      // The kernel tells it in hundredths of a second.
      #expect(start > old + 0.02)
    }
    let health = try Client(port: port)
    try health.send("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(try health.response().status == 404)
    // The old one hangs up, so that whoever watched it comes to the new one.
    #expect(try kept.receiveAll().isEmpty && program.process.isRunning)
    unfinished.close()
    #expect(eventually { !program.process.isRunning })
    #expect(try page(try Client(path: path))["belfry_ready"] == 1)
    try successor.stop()
    unsafe #expect(access(path, F_OK) != 0)
    #expect(throws: Client.Failure.self) { try Client(port: adminPort) }
  }
}

extension ProgramTests.Program {
  func adminPort() throws -> UInt16 {
    let line = try line(matching: #"admin listening address=127\.0\.0\.1:[0-9]+"#)
    return try #require(UInt16(line.split(separator: ":").last!))
  }
}
