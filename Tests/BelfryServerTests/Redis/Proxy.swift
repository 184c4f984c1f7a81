import Foundation
import Reactor
import TestSupport
import Testing

/// A way to a port that can be disturbed: cut, stalled, slowed, or cut after some bytes.
final class Proxy: @unchecked Sendable {
  enum Mode: Equatable {
    case open
    /// New connections end at once, and those there were have.
    case closed
    /// Nothing goes through; connections stay.
    case stalled
    /// Everything goes through so much later.
    case delayed(Duration)
    /// After so many bytes of answers, over all connections, every connection ends; then it is open.
    case cutAfter(Int)
  }

  var port: UInt16 { reserved.number }
  private let reserved: ReservedPort
  private let target: UInt16
  private let listener: Int32
  // Every use of these two is under `lock`; the rest is the thread's.
  private var wanted = Mode.open
  private var isOver = false
  private let lock = NSLock()
  private var pairs: [Pair] = []
  private var thread: RunningThread?

  private struct Pair {
    let client: Int32
    let server: Int32
    var queue: [(due: ContinuousClock.Instant, to: Int32, bytes: [UInt8])] = []
  }

  init(to target: UInt16) throws {
    self.target = target
    reserved = try ReservedPort()
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var yes: Int32 = 1
    unsafe setsockopt(
      listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    let bound = unsafe Self.address(reserved.number) { unsafe bind(listener, $0, $1) } == 0
    try #require(bound && Foundation.listen(listener, 64) == 0)
    thread = RunningThread { [unowned self] in run() }
  }

  deinit { stop() }

  /// Ends it; to be called by the test, which else would leave the thread running.
  func stop() {
    lock.withLock { isOver = true }
    thread?.join()
    thread = nil
    close(listener)
  }

  var mode: Mode {
    get { lock.withLock { wanted } }
    set { lock.withLock { wanted = newValue } }
  }

  private static func address(
    _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    unsafe inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
    return unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  // MARK: The thread

  private func run() {
    while !lock.withLock({ isOver }) { turn(mode) }
    closeAll()
  }

  private func closeAll() {
    for pair in pairs {
      close(pair.client)
      close(pair.server)
    }
    pairs = []
  }

  private func turn(_ mode: Mode) {
    if mode == .closed { closeAll() }
    deliver()
    var watched = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
    if mode != .stalled {
      for pair in pairs {
        watched.append(pollfd(fd: pair.client, events: Int16(POLLIN), revents: 0))
        watched.append(pollfd(fd: pair.server, events: Int16(POLLIN), revents: 0))
      }
    }
    unsafe poll(&watched, nfds_t(watched.count), 2)
    var ended: [Int] = []
    for index in 1..<max(1, watched.count) where watched[index].revents != 0 {
      let place = (index - 1) / 2
      if !pass(place, fromServer: index % 2 == 0, self.mode) { ended.append(place) }
      // It was cut, and there is nobody left.
      guard !pairs.isEmpty else { return }
    }
    for place in Set(ended).sorted(by: >) where place < pairs.count {
      close(pairs[place].client)
      close(pairs[place].server)
      pairs.remove(at: place)
    }
    if watched[0].revents != 0 { accept(mode) }
  }

  private func accept(_ mode: Mode) {
    let client = Foundation.accept(listener, nil, nil)
    guard client >= 0 else { return }
    let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard mode != .closed, unsafe Self.address(target, { unsafe connect(server, $0, $1) }) == 0
    else {
      close(client)
      close(server)
      return
    }
    pairs.append(Pair(client: client, server: server))
  }

  /// Takes some bytes and puts them down for the other side; false at their end.
  private func pass(_ place: Int, fromServer: Bool, _ mode: Mode) -> Bool {
    let pair = pairs[place]
    var block = [UInt8](repeating: 0, count: 16 << 10)
    var room = block.count
    if case .cutAfter(let left) = mode, fromServer { room = min(room, left) }
    let count = unsafe recv(fromServer ? pair.server : pair.client, &block, room, 0)
    guard count > 0 else { return false }
    var due = ContinuousClock.now
    if case .delayed(let delay) = mode { due += delay }
    pairs[place].queue.append(
      (due, fromServer ? pair.client : pair.server, Array(block[..<count])))
    if case .cutAfter(let left) = mode, fromServer {
      deliver()
      self.mode = left > count ? .cutAfter(left - count) : .open
      if left <= count { closeAll() }
    }
    return true
  }

  private func deliver() {
    let now = ContinuousClock.now
    for place in pairs.indices {
      while let next = pairs[place].queue.first, next.due <= now {
        pairs[place].queue.removeFirst()
        unsafe next.bytes.withUnsafeBytes {
          _ = unsafe send(next.to, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
      }
    }
  }
}
