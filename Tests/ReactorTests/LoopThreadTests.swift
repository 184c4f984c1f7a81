import TestSupport
import Testing

@testable import Reactor

@Suite struct LoopThreadTests {
  @Test func `a loop belongs to the thread that made it, then to the one that runs it`() throws {
    let loop = try EventLoop()
    #expect(loop.thread.isCurrent)
    nonisolated(unsafe) let shared = loop
    let said = Channel<[Bool]>()
    RunningThread {
      let before = unsafe shared.thread.isCurrent
      unsafe shared.thread.adopt()
      said.send([before, unsafe shared.thread.isCurrent])
    }.join()
    #expect(said.receive() == [false, true])
    #expect(!loop.thread.isCurrent)
  }

  #if DEBUG
    @Test func `a debug build traps where a loop is called from another thread`() async {
      await #expect(processExitsWith: .failure) {
        nonisolated(unsafe) let loop = try EventLoop()
        RunningThread { unsafe loop.stop() }.join()
      }
    }
  #endif
}
