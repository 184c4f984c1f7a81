internal import Glibc

/// Reading a whole file, which blocks: for the time before the loop runs.
package enum File {
  /// - Parameter maximumBytes: a longer file is refused.
  package static func read(_ path: String, maximumBytes: Int = 16 << 20) throws(ReactorError)
    -> [UInt8]
  {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .fromErrno("open", "reading \(path)") }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = unsafe Glibc.read(descriptor, &block, block.count)
      if count == 0 { return bytes }
      guard count > 0 else {
        if errno == EINTR { continue }
        throw .fromErrno("read", "reading \(path)")
      }
      guard bytes.count + count <= maximumBytes else {
        throw ReactorError(
          function: "read", detail: "\(path) is longer than \(maximumBytes) bytes")
      }
      bytes += block[..<count]
    }
  }
}
