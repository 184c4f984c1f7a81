internal import CReactor
internal import Glibc

/// The socket on which a service manager hears how its service is (sd_notify(3)).
package final class ServiceSocket {
  private let descriptor: Int32
  private let path: String

  /// - Parameter path: what NOTIFY_SOCKET says: an absolute path, or `@` and an abstract name.
  /// - Throws: for any other path, such as a virtual machine's `vsock:`, and when no socket can be made.
  package init(path: String) throws(ReactorError) {
    guard path.hasPrefix("/") || path.hasPrefix("@"), path.utf8.count > 1,
      path.utf8.count <= Self.maximumPath
    else {
      throw ReactorError(function: "sendto", detail: "NOTIFY_SOCKET=\(path) is not a Unix socket")
    }
    self.path = path
    let type = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    descriptor = socket(AF_UNIX, type, 0)
    guard descriptor >= 0 else { throw .fromErrno("socket", "reaching the service manager") }
  }

  deinit { close(descriptor) }

  /// The size of `sun_path` (unix(7)).
  private static let maximumPath = 108

  /// Tries until it is done, each 10 ms, for at most `limit`; returns whether it was. Not for a loop.
  package static func insist(for limit: Duration, _ body: () -> Bool) -> Bool {
    let end = ContinuousClock.now + limit
    while !body() {
      guard ContinuousClock.now < end else { return false }
      usleep(10_000)
    }
    return true
  }

  /// Sends lines of `NAME=VALUE` as one datagram, without waiting; false when they were not taken.
  ///
  /// - Parameter descriptor: goes with them; the other side gets one of its own for the same file.
  package func send(_ text: String, descriptor: Int32? = nil) -> Bool {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { bytes in
      unsafe bytes.copyBytes(from: path.utf8)
      // > an abstract socket address is distinguished by the fact that sun_path[0] is a null byte
      if path.hasPrefix("@") { unsafe bytes[0] = 0 }
    }
    let offset = MemoryLayout<sockaddr_un>.size - Self.maximumPath
    let length = socklen_t(offset + path.utf8.count)
    let flags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
    let bytes = Array(text.utf8)
    let sent = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        if let descriptor {
          unsafe belfry_send_descriptor(
            self.descriptor, pointer, length, bytes, bytes.count, descriptor, flags)
        } else {
          unsafe sendto(self.descriptor, bytes, bytes.count, flags, pointer, length)
        }
      }
    }
    return sent == bytes.count
  }
}
