internal import CReactor
internal import Glibc

/// A listening socket that somebody else has opened, and handed to this process.
package struct InheritedSocket: Sendable {
  /// Stays open until `HTTPServer.listen(on:)` takes it over.
  package let descriptor: Int32
  /// Where it listens.
  package let address: ListenAddress
  /// What whoever opened it calls it; empty when it has no name.
  package let name: String
  /// Whether the path of a Unix socket is to be removed when this process stops listening.
  package let ownsPath: Bool

  /// - Parameter ownsPath: false leaves the path to whoever made it.
  /// - Throws: when `descriptor` is no listening stream socket.
  package init(_ descriptor: Int32, name: String = "", ownsPath: Bool) throws(ReactorError) {
    let detail = "taking over descriptor \(descriptor)"
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    var isListening: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    guard
      unsafe getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &isListening, &length) == 0
    else { throw .fromErrno("getsockopt", detail) }
    guard isListening != 0, let address = Socket.listeningAddress(of: descriptor) else {
      throw ReactorError(
        function: "getsockopt", detail: "\(detail): it is not a listening socket")
    }
    self.descriptor = descriptor
    self.address = address
    self.name = name
    self.ownsPath = ownsPath
  }
}
