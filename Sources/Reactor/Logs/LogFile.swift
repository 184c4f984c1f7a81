internal import Glibc

/// A file of lines for other programs to read, such as an access log: opened again when it was renamed,
/// and nothing in it but the lines it was given.
///
/// Belongs to one thread; another one writes. The file is closed with this object.
package final class LogFile {
  /// Lines that are not in the file.
  package struct Loss: Equatable, Sendable {
    package let lines: Int
    /// Why.
    package let reason: String
  }

  private var queue: LineQueue?
  private var dropped = 0
  /// What the thread had lost when it ended.
  private var lastLoss: (lines: Int, code: Int32) = (0, 0)
  /// How long a line that finds the queue full may wait yet.
  private var patience = Duration.zero

  /// The longest line, without its end.
  package static let maximumLineBytes = LineQueue.maximumLineBytes - 1

  /// Opens a file, which is made if there is none, to be appended to; blocks.
  ///
  /// - Parameters:
  ///   - path: `-` is standard output.
  ///   - onReopen: called on the writing thread, after `reopen`, with what went wrong.
  package init(
    _ path: String, onReopen: @escaping @Sendable (ReactorError?) -> Void
  ) throws(ReactorError) {
    if path == "-" {
      queue = try LineQueue(to: .descriptor(STDOUT_FILENO))
      return
    }
    let descriptor = try Self.open(path)
    do throws(ReactorError) {
      queue = try LineQueue(to: .file(descriptor, path: path), onReopen: onReopen)
    } catch {
      Glibc.close(descriptor)
      throw error
    }
  }

  deinit { close() }

  static func open(_ path: String) throws(ReactorError) -> Int32 {
    // Without waiting for a reader where it is a named pipe. Who came from where is not for everybody.
    let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
    let descriptor = unsafe Glibc.open(path, flags, 0o640)
    guard descriptor >= 0 else { throw .fromErrno("open", "opening \(path)") }
    return descriptor
  }

  /// Puts a line down for writing; one over `maximumLineBytes` is cut.
  package func write(_ line: some Collection<UInt8>) {
    guard let queue else { return }
    if queue.put(line) { return }
    if patience > .zero {
      let start = ContinuousClock.now
      queue.waitForRoom(patience)
      patience -= ContinuousClock.now - start
      if queue.put(line) { return }
    }
    dropped += 1
  }

  /// From now on a line that finds the queue full waits, for `limit` over all lines.
  package func allowWaiting(for limit: Duration) { patience = limit }

  /// Has the file opened anew under its path, where another stands by now; no line is lost between the
  /// two, and when it can't be opened the old one is kept. Standard output stays what it is.
  package func reopen() { queue?.reopen() }

  /// What was lost since this was last asked; nil: nothing.
  package func takeLoss() -> Loss? {
    let thrown = queue?.takeLoss() ?? lastLoss
    lastLoss = (0, 0)
    let lines = dropped + thrown.lines
    dropped = 0
    guard lines > 0 else { return nil }
    let reason =
      thrown.lines > 0
      ? unsafe String(cString: strerror(thrown.code)) : "not written in time"
    return Loss(lines: lines, reason: reason)
  }

  /// Writes what is queued, for at most `limit`; lines that come afterwards are dropped.
  package func close(waitingFor limit: Duration = .seconds(1)) {
    queue?.close(waitingFor: limit)
    lastLoss = queue?.takeLoss() ?? lastLoss
    queue = nil
  }
}
