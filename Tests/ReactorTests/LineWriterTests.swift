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
    writer.close(waitingFor: .milliseconds(50))
    #expect(ContinuousClock.now - start < .seconds(5))
    // The pipe to us holds 64 KiB, the queue 1 MiB: of 8 MB most are lost.
    let other = try LineWriter(to: sink)
    for _ in 0..<2000 { other.write(line) }
    let reader = ReadInBackground(source)
    while reader.isEmpty { usleep(1000) }
    other.write("after")
    other.close(waitingFor: .seconds(5))
    close(sink)
    let text = reader.join()
    #expect(text.contains(/\n[0-9]+ log lines were dropped: .*\nafter\n/))
    close(source)
  }
}

/// Reads a descriptor to its end on a thread.
private final class ReadInBackground {
  private let text = Carried(Box())
  private let thread: RunningThread

  private final class Box: @unchecked Sendable {
    // Appended to by the thread; read by the test when it is joined, its emptiness before.
    var bytes: [UInt8] = []
    var count = Channel<Bool>()
  }

  init(_ descriptor: Int32) {
    let box = text.value
    thread = RunningThread {
      var block = [UInt8](repeating: 0, count: 64 << 10)
      while true {
        let count = unsafe read(descriptor, &block, block.count)
        if box.bytes.isEmpty { box.count.send(true) }
        guard count > 0 else { return }
        box.bytes += block[..<count]
      }
    }
  }

  /// Waits for the first bytes.
  var isEmpty: Bool { !text.value.count.receive() }

  func join() -> String {
    thread.join()
    return String(decoding: text.value.bytes, as: UTF8.self)
  }
}
