internal import CReactor
internal import Glibc
internal import Synchronization

/// The reactor: one `event_base`, run by one thread.
///
/// Everything made on a loop belongs to the thread that runs it.
@safe package final class EventLoop {
  /// libevent's own; freed with the loop.
  let base: OpaquePointer
  /// Where everything of this loop happens.
  package let thread = LoopThread()
  private var isStopping = false
  /// When the present turn's first handler was called, on `MonotonicClock`; nil: none has been.
  package private(set) var turnBegan: UInt64?

  /// - Parameter log: gets libevent's warnings, from the loop's thread; one for the whole process.
  /// - Throws: when libevent has no back end here.
  package init(log: (@Sendable (String) -> Void)? = nil) throws(ReactorError) {
    Libevent.prepared
    if let log { Libevent.log.withLock { $0 = log } }
    // The changelist must stay off, whatever the environment says: libevent calls it unsafe with
    // duplicated descriptors, and a stream leaves evhttp by duplicating one. No locks: one thread.
    let flags = EVENT_BASE_FLAG_NOLOCK.rawValue | EVENT_BASE_FLAG_IGNORE_ENV.rawValue
    guard let config = unsafe event_config_new() else {
      throw ReactorError(function: "event_config_new", detail: "creating an event loop")
    }
    defer { unsafe event_config_free(config) }
    guard unsafe event_config_set_flag(config, Int32(flags)) == 0,
      let base = unsafe event_base_new_with_config(config)
    else {
      throw ReactorError(function: "event_base_new_with_config", detail: "creating an event loop")
    }
    unsafe self.base = base
  }

  deinit { unsafe event_base_free(base) }

  /// Turns until `stop` is called.
  ///
  /// A turn is: wait for events (not at all when the last turn left work), run their handlers, then
  /// `endOfTurn` once. Whatever the handlers of one turn published can so be written together.
  ///
  /// - Parameter endOfTurn: returns whether it has more to do.
  package func run(endOfTurn: () -> Bool) {
    thread.adopt()
    var hasWork = false
    while !isStopping {
      turnBegan = nil
      let flags = EVLOOP_ONCE | (hasWork ? EVLOOP_NONBLOCK : 0)
      // > -1 if an error occurred: the back end is broken, and only by our own hand.
      // https://libevent.org/libevent-book/Ref3_eventloop.html
      guard unsafe event_base_loop(base, flags) >= 0 else {
        fatalError("epoll_wait failed: \(errno)")
      }
      hasWork = endOfTurn()
    }
    isStopping = false
  }

  /// A handler is called: to be said by whatever libevent calls first, which has no word for it itself.
  func noteHandler() { if turnBegan == nil { turnBegan = MonotonicClock.nanoseconds } }

  /// Ends `run` after the present turn.
  package func stop() {
    assertOnLoop()
    isStopping = true
  }

  /// Traps in debug builds where something of the loop is called from another thread.
  func assertOnLoop() { assert(thread.isCurrent, "called from another thread than the loop's") }
}

extension timeval {
  /// The time libevent is to wait; at least one microsecond, since zero means «at once».
  init(_ duration: Duration) {
    let (seconds, attoseconds) = max(duration, .microseconds(1)).components
    self.init(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
  }
}
