internal import CReactor
internal import Glibc

/// Standard output and standard error of a command, written at once.
package enum StandardStream: Int32, Sendable {
  case output = 1
  case error = 2

  /// Waits until all of it is written.
  ///
  /// - Returns: false when nobody reads it any more, or it can't be written.
  @discardableResult
  package func write(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    var written = 0
    while written < bytes.count {
      let count = unsafe bytes[written...].withUnsafeBytes {
        unsafe Glibc.write(rawValue, $0.baseAddress, $0.count)
      }
      if count > 0 {
        written += count
      } else if count < 0, errno == EAGAIN {
        // A terminal that another program has set so.
        var ready = pollfd(fd: rawValue, events: Int16(POLLOUT), revents: 0)
        _ = unsafe poll(&ready, 1, -1)
      } else if count == 0 || errno != EINTR {
        return false
      }
    }
    return true
  }
}
