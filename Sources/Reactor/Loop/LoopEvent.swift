internal import CReactor
internal import Glibc

/// Something that libevent watches for: time, a signal, or a descriptor. `deinit` ends the watch.
///
/// Owns one `event`, and keeps `loop` alive for as long as that exists. The handler may release its
/// own event. The C functions are `event_new`, `event_add` and `event_free`.
@safe package final class LoopEvent {
  private let loop: EventLoop
  private let onFire: () -> Void
  private var event: OpaquePointer?

  /// Fires again and again.
  ///
  /// - Parameter interval: time between firings; must be positive.
  package convenience init(
    on loop: EventLoop, every interval: Duration, onFire: @escaping () -> Void
  ) throws(ReactorError) {
    try self.init(loop, -1, EV_PERSIST, after: interval, onFire)
  }

  /// Fires once, `delay` from now.
  package convenience init(
    on loop: EventLoop, after delay: Duration, onFire: @escaping () -> Void
  ) throws(ReactorError) {
    try self.init(loop, -1, 0, after: delay, onFire)
  }

  /// Fires, on the loop, each time the process gets `signal`, also when its parent had it blocked.
  package convenience init(
    on loop: EventLoop, signal: Signal, onFire: @escaping () -> Void
  ) throws(ReactorError) {
    signal.unblock()
    try self.init(loop, signal.rawValue, EV_SIGNAL | EV_PERSIST, after: nil, onFire)
  }

  /// Fires while `descriptor` has something to be read.
  convenience init(
    on loop: EventLoop, readable descriptor: Int32, onFire: @escaping () -> Void
  ) throws(ReactorError) {
    try self.init(loop, descriptor, EV_READ | EV_PERSIST, after: nil, onFire)
  }

  /// Fires once when `descriptor` takes bytes, and once more after each `arm`.
  convenience init(
    on loop: EventLoop, writable descriptor: Int32, onFire: @escaping () -> Void
  ) throws(ReactorError) {
    try self.init(loop, descriptor, EV_WRITE, after: nil, onFire)
  }

  /// Watches again; nothing happens while it does already.
  func arm() {
    // Only a failed `init` leaves it nil. It could be added once, so it can be again.
    unsafe event_add(event!, nil)
  }

  /// Watches no more, until `arm`.
  func disarm() { unsafe event_del(event!) }

  /// Fires when it is told to.
  convenience init(onActivationBy loop: EventLoop, onFire: @escaping () -> Void)
    throws(ReactorError)
  {
    try self.init(loop, -1, 0, after: nil, onFire)
  }

  /// Has the event fire in the present turn of the loop, before that waits for others again; several
  /// calls before that are one.
  func activate() {
    // Only a failed `init` leaves it nil.
    unsafe event_active(event!, EV_TIMEOUT, 0)
  }

  private init(
    _ loop: EventLoop, _ source: Int32, _ flags: Int32, after time: Duration?,
    _ onFire: @escaping () -> Void
  ) throws(ReactorError) {
    loop.assertOnLoop()
    self.loop = loop
    self.onFire = onFire
    // Unretained: `deinit` frees the event, so no callback outlives `self`.
    let context = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe event = event_new(
      loop.base, source, Int16(flags),
      { _, _, context in
        // Held for the call, so that the handler may let go of the event.
        let event = unsafe Unmanaged<LoopEvent>.fromOpaque(context!).takeUnretainedValue()
        event.loop.noteHandler()
        event.onFire()
      }, context)
    guard let event = unsafe event else {
      throw ReactorError(function: "event_new", detail: "watching \(source)")
    }
    var added: Int32 = 0
    if let time {
      var period = timeval(time)
      unsafe added = event_add(event, &period)
    } else if flags != 0 {
      unsafe added = event_add(event, nil)
    }
    guard added == 0 else {
      throw ReactorError.fromErrno("event_add", "watching \(source)")
    }
  }

  deinit { if let event = unsafe event { unsafe event_free(event) } }
}

/// A signal that a program may want to hear of.
package struct Signal: RawRepresentable, Hashable, Sendable {
  package let rawValue: Int32
  package init(rawValue: Int32) { self.rawValue = rawValue }

  /// Lets it reach the calling thread, and the programs started from there.
  ///
  /// A mask is inherited: a program started from a thread that blocks signals could not be stopped.
  package func unblock() {
    var mask = sigset_t()
    unsafe sigemptyset(&mask)
    unsafe sigaddset(&mask, rawValue)
    unsafe pthread_sigmask(SIG_UNBLOCK, &mask, nil)
  }

  /// Has it do nothing from now on, in the whole process.
  ///
  /// The C function is `signal`.
  package func ignore() { signal(rawValue, SIG_IGN) }

  /// `SIGTERM`, what service managers send.
  package static let terminate = Signal(rawValue: SIGTERM)
  /// `SIGHUP`, what daemons are asked with to read their settings again.
  package static let hangUp = Signal(rawValue: SIGHUP)
  /// `SIGINT`, Ctrl-C.
  package static let interrupt = Signal(rawValue: SIGINT)
  /// `SIGUSR1`, by which nginx and others are told that their logs were renamed.
  package static let user1 = Signal(rawValue: SIGUSR1)
  /// `SIGUSR2`, by which nginx and others are told to start their successor.
  package static let user2 = Signal(rawValue: SIGUSR2)
}
