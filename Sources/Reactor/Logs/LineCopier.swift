internal import CReactor
internal import Glibc

/// The work of a queue's thread: from the pipe to the destination, until the pipe ends.
///
/// Whole lines only are written, each of them in one call, so that two processes may append to one
/// file (O_APPEND, open(2)).
final class LineCopier {
  private let source: Int32
  private var control: Int32
  private let end: Int32
  private var destination: Int32
  /// What `destination` is opened by; nil: it is somebody else's.
  private let path: String?
  private let loss: LineLoss
  private let onReopen: (ReactorError?) -> Void
  /// What was written last ends within a line.
  private var isTorn = false

  init(
    from source: Int32, control: Int32, end: Int32, to destination: LineDestination,
    loss: LineLoss, onReopen: @escaping (ReactorError?) -> Void
  ) {
    self.source = source
    self.control = control
    self.end = end
    switch destination {
    case .descriptor(let descriptor): (self.destination, path) = (descriptor, nil)
    case .file(let descriptor, let path): (self.destination, self.path) = (descriptor, path)
    }
    self.loss = loss
    self.onReopen = onReopen
  }

  func run() {
    // The loop's thread is the one for signals.
    var all = sigset_t()
    unsafe sigfillset(&all)
    unsafe pthread_sigmask(SIG_BLOCK, &all, nil)
    var block = [UInt8](repeating: 0, count: 64 << 10)
    // Bytes of a line whose end the last reading cut off.
    var kept = 0
    while true {
      if waitForControl() {
        reopen()
        continue
      }
      let count = unsafe block.withUnsafeMutableBytes {
        unsafe Glibc.read(source, $0.baseAddress! + kept, $0.count - kept)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      let filled = kept + count
      // A line is shorter than the block, so there is one.
      let whole = block[..<filled].lastIndex(of: .lf).map { $0 + 1 } ?? filled
      write(block[..<whole])
      kept = filled - whole
      for index in 0..<kept { block[index] = block[whole + index] }
    }
    close(source)
    if control >= 0 { close(control) }
    if path != nil { close(destination) }
    close(end)
  }

  /// Waits until there are lines, or their end, or the file is to be opened again; whether that is so.
  private func waitForControl() -> Bool {
    guard control >= 0, path != nil else { return false }
    var ready = [
      pollfd(fd: source, events: Int16(POLLIN), revents: 0),
      pollfd(fd: control, events: Int16(POLLIN), revents: 0),
    ]
    guard unsafe poll(&ready, 2, -1) > 0, ready[1].revents != 0 else { return false }
    var requests = [UInt8](repeating: 0, count: 64)
    let count = unsafe Glibc.read(control, &requests, requests.count)
    if count > 0 { return true }
    // Its other end is closed, as that of the lines is.
    if count == 0 {
      close(control)
      control = -1
    }
    return false
  }

  private func reopen() {
    guard let path else { return }
    do throws(ReactorError) {
      let new = try LogFile.open(path)
      close(destination)
      destination = new
      isTorn = false
      onReopen(nil)
    } catch {
      onReopen(error)
    }
  }

  /// Writes lines; what can't be written is thrown away, so that writers see room, and counted.
  private func write(_ lines: ArraySlice<UInt8>) {
    if isTorn {
      var feed = UInt8.lf
      guard unsafe Glibc.write(destination, &feed, 1) == 1 else { return lose(lines) }
      isTorn = false
    }
    var rest = lines
    while !rest.isEmpty {
      let taken = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(destination, $0.baseAddress, $0.count)
      }
      if taken > 0 {
        rest = rest.dropFirst(taken)
      } else if taken < 0, errno == EAGAIN {
        var ready = pollfd(fd: destination, events: Int16(POLLOUT), revents: 0)
        _ = unsafe poll(&ready, 1, -1)
      } else if taken == 0 || errno != EINTR {
        isTorn = rest.startIndex > lines.startIndex && lines[rest.startIndex - 1] != .lf
        return lose(rest)
      }
    }
  }

  private func lose(_ lines: ArraySlice<UInt8>) {
    loss.add(lines.count { $0 == .lf }, code: errno)
  }
}
