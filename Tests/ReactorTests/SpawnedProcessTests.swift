import Glibc
import Reactor
import TestSupport
import Testing

@Suite struct SpawnedProcessTests {
  /// Runs a shell's script to its end, and returns why it ended.
  private func run(
    _ script: String, environment: [String] = [], descriptors: [Int32] = [],
    kills: Bool = false
  ) throws -> String {
    let loop = try EventLoop()
    var reason: String?
    let process = try SpawnedProcess(
      "sh", arguments: ["sh", "-c", script], environment: environment, descriptors: descriptors,
      on: loop
    ) {
      reason = $0
      loop.stop()
    }
    if kills { process.kill() }
    let limit = try LoopEvent(on: loop, after: .seconds(Client.patience)) { loop.stop() }
    loop.run { false }
    withExtendedLifetime(limit) {}
    process.kill()
    return try #require(reason)
  }

  @Test func `how it ended is told, and it is waited for`() throws {
    #expect(try run("exit 0") == "exited with status 0")
    #expect(try run("exit 41") == "exited with status 41")
    #expect(try run("kill -TERM $$") == "killed by signal 15")
    #expect(try run("exec sleep 100", kills: true) == "killed by signal 9")
  }

  @Test func `it gets its environment, and the descriptors from 3 on`() throws {
    var ends: [Int32] = [-1, -1]
    unsafe #expect(pipe(&ends) == 0)
    defer { for end in ends { close(end) } }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let script =
      "echo $WHO ${#HOME} >&4; for i in 0 1 2 3 4; do [ -e /proc/$$/fd/$i ] && echo $i >&4; done"
    let reason = try run(
      script, environment: ["WHO=me", "PATH=/usr/bin:/bin"], descriptors: [ends[0], ends[1]])
    #expect(reason == "exited with status 0")
    var block = [UInt8](repeating: 0, count: 1000)
    let count = unsafe read(ends[0], &block, block.count)
    let text = String(decoding: block[..<max(0, count)], as: UTF8.self)
    // What others there are is what other tests, and whoever started these, leave open.
    #expect(text == "me 0\n0\n1\n2\n3\n4\n")
  }

  @Test func `signals that are blocked or ignored here are not so there`() throws {
    var mask = sigset_t()
    unsafe sigemptyset(&mask)
    unsafe sigaddset(&mask, SIGUSR1)
    unsafe pthread_sigmask(SIG_BLOCK, &mask, nil)
    defer { unsafe pthread_sigmask(SIG_UNBLOCK, &mask, nil) }
    #expect(try run("kill -USR1 $$; exit 0") == "killed by signal \(SIGUSR1)")
    // The loop ignores SIGPIPE.
    #expect(try run("kill -PIPE $$; exit 0") == "killed by signal \(SIGPIPE)")
  }

  @Test func `a program that isn't there is an error that names it`() throws {
    let loop = try EventLoop()
    do throws(ReactorError) {
      _ = try SpawnedProcess(
        "/nonexistent/belfry", arguments: ["belfry"], environment: [], descriptors: [], on: loop
      ) { _ in }
      Issue.record("it started")
    } catch {
      #expect("\(error)".contains("/nonexistent/belfry: No such file"))
    }
  }
}
