internal import Glibc

/// What the service manager has handed to this very process (sd_listen_fds(3)): nothing when it has
/// handed nothing, or when that is another process'.
package struct ServiceDescriptors {
  /// Those it listens on for us.
  package private(set) var sockets: [InheritedSocket] = []
  /// What an earlier process of the service gave it to keep, by the name it was given; nil: nothing.
  package private(set) var file: MemoryFile?

  /// - Parameter fileName: what a kept file is called; no socket has this name.
  /// - Throws: when something else is no listening stream socket.
  package init(fileName: String) throws(ReactorError) {
    guard let process = ProcessEnvironment.value(of: "LISTEN_PID"),
      Int32(process) == getpid(),
      let text = ProcessEnvironment.value(of: "LISTEN_FDS"), let count = Int32(text), count > 0
    else { return }
    guard count < SpawnedProcess.maximumDescriptors else {
      throw ReactorError(
        function: "sd_listen_fds",
        detail: "LISTEN_FDS=\(count) is more than \(SpawnedProcess.maximumDescriptors - 1)")
    }
    let names = (ProcessEnvironment.value(of: "LISTEN_FDNAMES") ?? "")
      .split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    for place in 0..<Int(count) {
      let descriptor = SpawnedProcess.firstDescriptor + Int32(place)
      let name = place < names.count ? names[place] : ""
      if name == fileName {
        file = MemoryFile(taking: descriptor)
      } else {
        // Paths are removed as its unit says (systemd.socket(5), RemoveOnStop=).
        sockets.append(try InheritedSocket(descriptor, name: name, ownsPath: false))
      }
    }
  }
}
