internal import CReactor
internal import Glibc

/// Reading a whole file, which blocks: for the time before the loop runs, or a thread of its own.
package enum File {
  /// Of a pipe whoever writes it may think for so long between two writes.
  private static let patience = Duration.seconds(5)

  /// - Parameter maximumBytes: a longer file is refused, and so is a pipe that nobody writes to.
  package static func read(_ path: String, maximumBytes: Int = 16 << 20) throws(ReactorError)
    -> [UInt8]
  {
    // > Under Linux, it will succeed immediately (open(2), O_NONBLOCK on a FIFO)
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .fromErrno("open", "reading \(path)") }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = unsafe Glibc.read(descriptor, &block, block.count)
      if count == 0 {
        guard bytes.isEmpty, isPipe(descriptor) else { return bytes }
        throw ReactorError(function: "read", detail: "\(path) is a pipe without a writer")
      }
      guard count > 0 else {
        if errno == EINTR { continue }
        if errno == EAGAIN {
          if awaitBytes(descriptor) { continue }
          throw ReactorError(function: "poll", detail: "\(path): no data for \(patience)")
        }
        throw .fromErrno("read", "reading \(path)")
      }
      guard bytes.count + count <= maximumBytes else {
        throw ReactorError(
          function: "read", detail: "\(path) is longer than \(maximumBytes) bytes")
      }
      bytes += block[..<count]
    }
  }

  private static func isPipe(_ descriptor: Int32) -> Bool {
    var status = stat()
    return unsafe fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
  }

  /// False: nothing came.
  private static func awaitBytes(_ descriptor: Int32) -> Bool {
    var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    let limit = Int32(patience / .milliseconds(1))
    return unsafe poll(&watched, 1, limit) > 0
  }
}
