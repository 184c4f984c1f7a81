internal import CReactor
internal import Glibc
internal import Synchronization

/// The one door to a loop from other threads: work that its own thread is to do.
///
/// The first caller wakes the loop, the others queue, and the loop drains all at once.
package final class Remote: Sendable {
  private let queue = Mutex<[@Sendable () -> Void]>([])
  fileprivate let descriptor: Int32

  fileprivate init() throws(ReactorError) {
    descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    guard descriptor >= 0 else { throw .fromErrno("eventfd", "creating an eventfd") }
  }

  deinit { close(descriptor) }

  /// Has the loop's thread do `work` in one of its next turns; from any thread.
  package func execute(_ work: @escaping @Sendable () -> Void) {
    let isFirst = queue.withLock { queue in
      queue.append(work)
      return queue.count == 1
    }
    if isFirst { _ = eventfd_write(descriptor, 1) }
  }

  fileprivate func drain() {
    var count: eventfd_t = 0
    _ = unsafe eventfd_read(descriptor, &count)
    let work = queue.withLock { queue in
      defer { queue = [] }
      return queue
    }
    for item in work { item() }
  }
}

extension EventLoop {
  /// Opens a door to this loop; it stays open for as long as the event returned is held.
  package func makeRemote() throws(ReactorError) -> (Remote, LoopEvent) {
    let remote = try Remote()
    let event = try LoopEvent(on: self, readable: remote.descriptor) { remote.drain() }
    return (remote, event)
  }
}
