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
        function: "getsockopt", detail: "\(detail): it is no socket that listens")
    }
    self.descriptor = descriptor
    self.address = address
    self.name = name
    self.ownsPath = ownsPath
  }

  /// The sockets that the service manager has handed to this very process (sd_listen_fds(3)): none
  /// when it has handed none, or when they are another's.
  package static func fromServiceManager() throws(ReactorError) -> [InheritedSocket] {
    guard let process = ProcessEnvironment.value(of: "LISTEN_PID"),
      Int32(process) == getpid(),
      let text = ProcessEnvironment.value(of: "LISTEN_FDS"), let count = Int32(text), count > 0
    else { return [] }
    guard count < SpawnedProcess.maximumDescriptors else {
      throw ReactorError(
        function: "sd_listen_fds",
        detail: "\(count) sockets are more than \(SpawnedProcess.maximumDescriptors - 1)")
    }
    let names = (ProcessEnvironment.value(of: "LISTEN_FDNAMES") ?? "")
      .split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    var sockets: [InheritedSocket] = []
    for place in 0..<Int(count) {
      let name = place < names.count ? names[place] : ""
      // Paths are removed as its unit says (systemd.socket(5), RemoveOnStop=).
      sockets.append(
        try InheritedSocket(
          SpawnedProcess.firstDescriptor + Int32(place), name: name, ownsPath: false))
    }
    return sockets
  }
}
