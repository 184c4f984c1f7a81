import Foundation
import Glibc
import Reactor
import Testing

@Suite struct FileTests {
  private let path = NSTemporaryDirectory() + "belfry-test-\(UInt64.random(in: 0...UInt64.max))"

  @Test func `a file is read whole, up to a limit`() throws {
    defer { unsafe unlink(path) }
    let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0) }
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    #expect(try File.read(path) == bytes)
    #expect(try File.read(path, maximumBytes: 200_000) == bytes)
    #expect(throws: ReactorError.self) { try File.read(path, maximumBytes: 199_999) }
    try Data().write(to: URL(fileURLWithPath: path))
    #expect(try File.read(path) == [])
    #expect(throws: ReactorError.self) { try File.read(path + "-none") }
    #expect(throws: ReactorError.self) { try File.read("/tmp") }
  }

  @Test func `a pipe is read while somebody writes it, and else refused at once`() throws {
    try #require(unsafe mkfifo(path, 0o600) == 0)
    defer { unsafe unlink(path) }
    let refusal = #expect(throws: ReactorError.self) { try File.read(path) }
    #expect("\(try #require(refusal))".contains("nobody writes"))
    var ends: [Int32] = [-1, -1]
    try #require(unsafe pipe(&ends) == 0)
    let (reading, writing) = (ends[0], ends[1])
    defer { close(reading) }
    let thread = Thread {
      // Later than the reading begins, most likely.
      usleep(50_000)
      unsafe _ = write(writing, "ab", 2)
      // Then it meets an empty pipe once more; were it slower, it would see less and still pass.
      usleep(50_000)
      unsafe _ = write(writing, "c", 1)
      close(writing)
    }
    thread.start()
    #expect(try File.read("/proc/self/fd/\(reading)") == Array("abc".utf8))
  }
}
