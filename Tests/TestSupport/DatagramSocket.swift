import Glibc

/// A Unix datagram socket that somebody else sends to.
public final class DatagramSocket {
  /// As NOTIFY_SOCKET names it.
  public let name: String
  private let descriptor: Int32

  /// - Parameter isAbstract: whether it has a name instead of a path.
  public init(isAbstract: Bool = false) {
    name =
      (isAbstract ? "@" : "/tmp/") + "belfry-test-\(UInt64.random(in: 0...UInt64.max)).sock"
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var limit = timeval(tv_sec: Client.patience, tv_usec: 0)
    unsafe setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { bytes in
      unsafe bytes.copyBytes(from: name.utf8)
      if isAbstract { unsafe bytes[0] = 0 }
    }
    let length = MemoryLayout<sockaddr_un>.size - 108 + name.utf8.count
    let status = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(descriptor, $0, socklen_t(length))
      }
    }
    precondition(status == 0, "no datagram socket for the test")
  }

  deinit {
    close(descriptor)
    if !name.hasPrefix("@") { unsafe unlink(name) }
  }

  /// The next datagram; nil when none comes for as long as a client would wait.
  public func receive() -> String? {
    var block = [UInt8](repeating: 0, count: 4096)
    let count = unsafe recv(descriptor, &block, block.count, 0)
    return count < 0 ? nil : String(decoding: block[..<count], as: UTF8.self)
  }

  /// The next one that isn't `text`; nil when none comes for as long as a client would wait.
  public func receive(skipping text: String) -> String? {
    let end = ContinuousClock.now + .seconds(Client.patience)
    while ContinuousClock.now < end, let next = receive() {
      if next != text { return next }
    }
    return nil
  }
}
