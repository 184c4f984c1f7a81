internal import CReactor
internal import Glibc
internal import Synchronization

/// Writes lines to a descriptor from a thread of its own, so that whoever logs never waits: not for
/// a blocked terminal, and not for a full disk.
///
/// The queue is a pipe: bounded by the kernel, and without a lock. A line that finds it full is
/// counted and left out, and the next one that fits says how many were.
package final class LineWriter: Sendable {
  /// The size asked for the pipe; the kernel's default is 64 KiB.
  private static let queueBytes: Int32 = 1 << 20
  /// > POSIX.1 says that writes of less than PIPE_BUF bytes must be atomic (pipe(7))
  private static let maximumLineBytes = Int(PIPE_BUF)

  private let queue: Int32
  /// Ends when the thread has.
  private let end: Int32
  private let dropped = Atomic<Int>(0)

  /// - Parameter descriptor: where the lines go; 2 is standard error. It stays open.
  package init(to descriptor: Int32) throws(ReactorError) {
    let lines = try Self.makePipe()
    let end = try Self.makePipe()
    queue = lines.write
    self.end = end.read
    _ = fcntl(queue, F_SETFL, O_NONBLOCK)
    _ = fcntl(queue, Int32(belfry_F_SETPIPE_SZ), Self.queueBytes)
    let work = unsafe Unmanaged.passRetained(
      Copier(from: lines.read, to: descriptor, end: end.write))
    var thread = pthread_t()
    let status = unsafe pthread_create(
      &thread, nil,
      { context in
        unsafe Unmanaged<Copier>.fromOpaque(context!).takeRetainedValue().run()
        return nil
      }, work.toOpaque())
    guard status == 0 else {
      unsafe work.release()
      for descriptor in [lines.read, lines.write, end.read, end.write] { Glibc.close(descriptor) }
      throw ReactorError(function: "pthread_create", detail: "starting the log", code: status)
    }
    pthread_detach(thread)
  }

  private static func makePipe() throws(ReactorError) -> (read: Int32, write: Int32) {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else { throw .fromErrno("pipe", "starting the log") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }

  /// Puts a line down for writing; from any thread. A line over 4 KiB is cut.
  package func write(_ line: String) {
    let lost = dropped.load(ordering: .relaxed)
    if lost > 0, put("\(lost) log lines were dropped: nobody took them in time") {
      dropped.subtract(lost, ordering: .relaxed)
    }
    if !put(line) { dropped.add(1, ordering: .relaxed) }
  }

  private func put(_ line: String) -> Bool {
    var bytes = Array(line.utf8.prefix(Self.maximumLineBytes - 1))
    bytes.append(.lf)
    return unsafe Glibc.write(queue, bytes, bytes.count) == bytes.count
  }

  /// Writes what is queued, for at most `limit`; nothing may be written afterwards.
  package func close(waitingFor limit: Duration = .seconds(1)) {
    Glibc.close(queue)
    var finished = pollfd(fd: end, events: Int16(POLLIN), revents: 0)
    _ = unsafe poll(&finished, 1, Int32(clamping: Int(limit / .milliseconds(1))))
    Glibc.close(end)
  }
}

/// The thread's work: from the pipe to the descriptor, until the pipe ends.
private final class Copier {
  private let source: Int32
  private let destination: Int32
  private let end: Int32

  init(from source: Int32, to destination: Int32, end: Int32) {
    self.source = source
    self.destination = destination
    self.end = end
  }

  func run() {
    // The loop's thread is the one for signals.
    var all = sigset_t()
    unsafe sigfillset(&all)
    unsafe pthread_sigmask(SIG_BLOCK, &all, nil)
    var block = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = unsafe Glibc.read(source, &block, block.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      var written = 0
      while written < count {
        let taken = unsafe block[written..<count].withUnsafeBytes {
          unsafe Glibc.write(destination, $0.baseAddress, $0.count)
        }
        if taken < 0, errno == EINTR { continue }
        if taken < 0, errno == EAGAIN {
          var ready = pollfd(fd: destination, events: Int16(POLLOUT), revents: 0)
          _ = unsafe poll(&ready, 1, -1)
          continue
        }
        // Nobody reads any more: what is queued is thrown away, so that writers see room.
        guard taken > 0 else { break }
        written += taken
      }
    }
    close(source)
    close(end)
  }
}
