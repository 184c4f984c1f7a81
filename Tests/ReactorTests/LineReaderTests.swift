import Glibc
import Testing

@testable import Reactor

@Suite struct LineReaderTests {
  @Test func `lines come whole however they are cut, and the end once`() throws {
    let loop = try EventLoop()
    var ends: [Int32] = [-1, -1]
    try unsafe #require(pipe(&ends) == 0)
    // A full pipe must not hold the loop, which empties it.
    _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
    defer { close(ends[0]) }
    var lines: [String] = []
    var endings = 0
    let reader = try LineReader(on: loop, descriptor: ends[0]) {
      lines.append(String(decoding: $0, as: UTF8.self))
    } onEnd: {
      endings += 1
      loop.stop()
    }
    let long = String(repeating: "x", count: 200_000)
    var pieces = ["o", "ne\n\nth", "ree\n", long, "\nand no end"].map { Array($0.utf8) }
    // A piece at a time, as far as the pipe has room for it; then no more.
    let writer = try LoopEvent(on: loop, every: .milliseconds(1)) {
      guard !pieces.isEmpty else {
        if ends[1] >= 0 { close(ends[1]) }
        ends[1] = -1
        return
      }
      let piece = pieces.removeFirst()
      let count = unsafe piece.withUnsafeBytes {
        unsafe write(ends[1], $0.baseAddress, $0.count)
      }
      let rest = Array(piece.dropFirst(max(0, count)))
      if !rest.isEmpty { pieces.insert(rest, at: 0) }
    }
    let limit = try LoopEvent(on: loop, after: .seconds(20)) { loop.stop() }
    loop.run { false }
    withExtendedLifetime((reader, writer, limit)) {}
    #expect(lines == ["one", "", "three", long])
    #expect(endings == 1)
  }
}
