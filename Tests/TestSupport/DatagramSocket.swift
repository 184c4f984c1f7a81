import Foundation

/// A Unix datagram socket that somebody else sends to.
public final class DatagramSocket {
  /// As NOTIFY_SOCKET names it.
  public let name: String
  private let descriptor: Int32
  private let ahead = Ahead()
  private var thread: RunningThread?

  /// What was read before anybody asked for it.
  private final class Ahead: @unchecked Sendable {
    // Every use of `texts` is under `lock`.
    private var texts: [String] = []
    private let lock = NSLock()

    func append(_ text: String) { lock.withLock { texts.append(text) } }
    func take() -> String? { lock.withLock { texts.isEmpty ? nil : texts.removeFirst() } }
  }

  /// - Parameters:
  ///   - isAbstract: whether it has a name instead of a path.
  ///   - readsAhead: whether everything is taken as it comes. Else the kernel keeps but
  ///     net.unix.max_dgram_qlen of them, ten by default, and refuses others.
  public init(isAbstract: Bool = false, readsAhead: Bool = false) {
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
    guard readsAhead else { return }
    thread = RunningThread { [descriptor, ahead] in
      while true {
        switch Self.receive(from: descriptor) {
        case .some(""): return
        case .some(let text): ahead.append(text)
        // Nothing for as long as a client would wait.
        case nil: continue
        }
      }
    }
  }

  deinit {
    if let thread {
      // The thread reads an end.
      shutdown(descriptor, Int32(SHUT_RD))
      thread.join()
    }
    close(descriptor)
    if !name.hasPrefix("@") { unsafe unlink(name) }
  }

  /// The next datagram; nil when none comes for as long as a client would wait.
  public func receive() -> String? {
    guard thread != nil else { return Self.receive(from: descriptor) }
    var text: String?
    _ = eventually {
      text = ahead.take()
      return text != nil
    }
    return text
  }

  private static func receive(from descriptor: Int32) -> String? {
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
