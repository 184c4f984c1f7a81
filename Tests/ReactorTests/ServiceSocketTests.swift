import Reactor
import TestSupport
import Testing

@Suite struct ServiceSocketTests {
  @Test(arguments: [false, true])
  func `a text arrives as one datagram, at a path or an abstract name`(isAbstract: Bool) throws {
    let manager = DatagramSocket(isAbstract: isAbstract)
    let socket = try ServiceSocket(path: manager.name)
    #expect(socket.send("READY=1\nSTATUS=x"))
    #expect(manager.receive() == "READY=1\nSTATUS=x")
  }

  @Test func `nobody there, or nobody who reads, is no wait`() throws {
    #expect(try !ServiceSocket(path: "/nonexistent/notify").send("READY=1"))
    let manager = DatagramSocket()
    let socket = try ServiceSocket(path: manager.name)
    var sent = 0
    // The kernel's queue is bounded (net.unix.max_dgram_qlen).
    while sent < 1_000_000, socket.send("x") { sent += 1 }
    #expect(sent > 0 && sent < 1_000_000)
    #expect(manager.receive() == "x")
    #expect(socket.send("x"))
  }

  @Test(arguments: [
    "", "@", "/", "vsock:2:1234", "relative", "/" + String(repeating: "x", count: 108),
  ])
  func `what is no Unix socket is refused`(path: String) {
    #expect(throws: ReactorError.self) { try ServiceSocket(path: path) }
  }
}
