import Glibc
import Reactor
import TestSupport
import Testing

@Suite struct LineWriterTests {
  private func makePipe() -> (read: Int32, write: Int32) {
    var ends: [Int32] = [0, 0]
    precondition(unsafe pipe(&ends) == 0)
    return (ends[0], ends[1])
  }

  /// Reads until the writing end is closed.
  private func readAll(_ descriptor: Int32) -> String {
    var text: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = unsafe read(descriptor, &block, block.count)
      guard count > 0 else { return String(decoding: text, as: UTF8.self) }
      text += block[..<count]
    }
  }

  @Test func `lines arrive whole and in their order`() throws {
    let (source, sink) = makePipe()
    let writer = try LineWriter(to: sink)
    for number in 0..<1000 { writer.write("line \(number)") }
    writer.close()
    close(sink)
    #expect(readAll(source) == (0..<1000).map { "line \($0)\n" }.joined())
    close(source)
  }

  @Test func `a reader that takes nothing stops nobody, and the lines lost are counted`() throws {
    let (source, sink) = makePipe()
    let writer = try LineWriter(to: sink)
    let line = String(repeating: "x", count: 4000)
    let start = ContinuousClock.now
    for _ in 0..<2000 { writer.write(line) }
    #expect(ContinuousClock.now - start < .seconds(Client.patience))
    // Of 8 MB, the queue and the pipe to us hold little. So much has come out of the queue, at the
    // least, that there is room in it again.
    var text = readSome(source, bytes: 160 << 10)
    writer.write("after")
    while !text.hasSuffix("\nafter\n") { text += readSome(source, bytes: 1) }
    #expect(text.contains(/\n[0-9]+ log lines were dropped: .*\nafter\n/))
    writer.close()
    close(sink)
    close(source)
  }

  @Test func `closing waits for a reader no longer than it is told to`() throws {
    let (source, sink) = makePipe()
    let writer = try LineWriter(to: sink)
    for _ in 0..<100 { writer.write(String(repeating: "x", count: 4000)) }
    let start = ContinuousClock.now
    writer.close(waitingFor: .milliseconds(50))
    #expect(ContinuousClock.now - start < .seconds(Client.patience))
    // Ends the thread. `sink` stays open: it may be in a write to it still.
    close(source)
  }

  /// Reads at least `count` bytes.
  private func readSome(_ descriptor: Int32, bytes count: Int) -> String {
    var text: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 64 << 10)
    while text.count < count {
      let taken = unsafe read(descriptor, &block, block.count)
      precondition(taken > 0, "the log's pipe ended")
      text += block[..<taken]
    }
    return String(decoding: text, as: UTF8.self)
  }
}
