internal import CReactor
internal import Glibc
internal import Synchronization

/// Lines on their way to a descriptor or a file, which a thread of its own writes, so that whoever puts
/// them down never waits: not for a blocked terminal, and not for a full disk.
///
/// The queue is a pipe: bounded by the kernel, and without a lock. Whoever finds it full is told so.
final class LineQueue: Sendable {
  /// The size asked for the pipe; the kernel's default is 64 KiB.
  private static let queueBytes: Int32 = 1 << 20
  /// > POSIX.1 says that writes of less than PIPE_BUF bytes must be atomic (pipe(7))
  static let maximumLineBytes = Int(PIPE_BUF)

  private let queue: Int32
  /// A byte in it has the thread open its file again.
  private let control: Int32
  /// Ends when the thread has.
  private let end: Int32
  private let loss = LineLoss()

  /// - Parameters:
  ///   - destination: where the lines go; a file's descriptor is the thread's from now on.
  ///   - onReopen: called on the thread when it has opened the file again, or could not.
  init(
    to destination: LineDestination,
    onReopen: @escaping @Sendable (ReactorError?) -> Void = { _ in }
  ) throws(ReactorError) {
    let lines = try Self.makePipe()
    let control = try Self.makePipe()
    let end = try Self.makePipe()
    queue = lines.write
    self.control = control.write
    self.end = end.read
    for descriptor in [queue, self.control] { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
    _ = fcntl(queue, Int32(belfry_F_SETPIPE_SZ), Self.queueBytes)
    let work = unsafe Unmanaged.passRetained(
      LineCopier(
        from: lines.read, control: control.read, end: end.write, to: destination, loss: loss,
        onReopen: onReopen))
    var thread = pthread_t()
    let status = unsafe pthread_create(
      &thread, nil,
      { context in
        unsafe Unmanaged<LineCopier>.fromOpaque(context!).takeRetainedValue().run()
        return nil
      }, work.toOpaque())
    guard status == 0 else {
      unsafe work.release()
      for ends in [lines, control, end] {
        Glibc.close(ends.read)
        Glibc.close(ends.write)
      }
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

  /// Puts a line down, with a LF behind it, from any thread; one over 4 KiB is cut.
  ///
  /// - Returns: false when the queue is full.
  func put(_ line: some Collection<UInt8>) -> Bool {
    var bytes = Array(line.prefix(Self.maximumLineBytes - 1))
    bytes.append(.lf)
    return unsafe Glibc.write(queue, bytes, bytes.count) == bytes.count
  }

  /// Waits until there is room for a line, for at most `limit`.
  func waitForRoom(_ limit: Duration) {
    // > POLLOUT ... a write to a pipe that is reported so takes PIPE_BUF bytes (pipe(7), poll(2)).
    var room = pollfd(fd: queue, events: Int16(POLLOUT), revents: 0)
    _ = unsafe poll(&room, 1, Int32(clamping: Int(limit / .milliseconds(1))))
  }

  /// Has the thread open its file again.
  func reopen() {
    var byte: UInt8 = 0
    // When it is full, the thread has yet to do so anyhow.
    _ = unsafe Glibc.write(control, &byte, 1)
  }

  /// Lines that could be queued and not be written since this was last asked, and the kernel's last
  /// reason.
  func takeLoss() -> (lines: Int, code: Int32) { loss.take() }

  /// Writes what is queued, for at most `limit`; nothing may be done with it afterwards.
  func close(waitingFor limit: Duration) {
    Glibc.close(queue)
    Glibc.close(control)
    var finished = pollfd(fd: end, events: Int16(POLLIN), revents: 0)
    _ = unsafe poll(&finished, 1, Int32(clamping: Int(limit / .milliseconds(1))))
    Glibc.close(end)
  }
}

/// Where lines are written.
enum LineDestination: Sendable {
  /// It stays open.
  case descriptor(Int32)
  /// Open already, and opened again by its path.
  case file(Int32, path: String)
}

/// Lines that the thread had to throw away.
final class LineLoss: Sendable {
  private let lines = Atomic<Int>(0)
  private let code = Atomic<Int32>(0)

  func add(_ count: Int, code: Int32) {
    self.code.store(code, ordering: .relaxed)
    lines.add(count, ordering: .relaxed)
  }

  func take() -> (lines: Int, code: Int32) {
    (lines.exchange(0, ordering: .relaxed), code.load(ordering: .relaxed))
  }
}
