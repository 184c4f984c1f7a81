internal import CReactor
internal import Glibc

/// A file that has no name and is kept in memory for as long as any process has it open.
///
/// Neither writing nor reading blocks for anything but the copying. The C function is `memfd_create`.
package final class MemoryFile: Sendable {
  /// Closed with this object.
  package let descriptor: Int32

  /// An empty one.
  ///
  /// - Parameter label: what it is called in /proc, for whoever looks.
  package init(labelled label: String) throws(ReactorError) {
    descriptor = unsafe memfd_create(label, UInt32(belfry_MFD_CLOEXEC))
    guard descriptor >= 0 else { throw .fromErrno("memfd_create", "creating a file in memory") }
  }

  /// One that another process has made, which this object takes over.
  package init(taking descriptor: Int32) {
    self.descriptor = descriptor
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
  }

  deinit { close(descriptor) }

  /// Bytes read at once.
  private static let blockBytes = 256 << 10

  /// Writes behind what was written before.
  package func append(_ bytes: [UInt8]) throws(ReactorError) {
    var written = 0
    while written < bytes.count {
      let count = unsafe bytes[written...].withUnsafeBytes {
        unsafe write(descriptor, $0.baseAddress, $0.count)
      }
      if count > 0 {
        written += count
      } else if errno != EINTR {
        throw .fromErrno("write", "writing a file in memory")
      }
    }
  }

  /// Hands up everything that is in it, from its beginning, in pieces.
  package func read(_ body: (ArraySlice<UInt8>) -> Void) throws(ReactorError) {
    var block = [UInt8](repeating: 0, count: Self.blockBytes)
    var offset = 0
    while true {
      let count = unsafe pread(descriptor, &block, block.count, offset)
      if count == 0 { return }
      guard count > 0 else {
        if errno == EINTR { continue }
        throw .fromErrno("pread", "reading a file in memory")
      }
      offset += count
      body(block[..<count])
    }
  }

  /// Empties it, for every process that has it.
  package func clear() throws(ReactorError) {
    while ftruncate(descriptor, 0) != 0 {
      guard errno == EINTR else { throw .fromErrno("ftruncate", "emptying a file in memory") }
    }
  }
}
