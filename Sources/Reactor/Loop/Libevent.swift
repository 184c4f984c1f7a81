internal import CReactor
internal import Glibc
internal import Synchronization

/// What libevent wants to be told once in a process.
enum Libevent {
  /// Where its warnings go; nil drops them.
  static let log = Mutex<(@Sendable (String) -> Void)?>(nil)

  /// Routes libevent's messages to `log`, and lets no broken pipe end the process.
  ///
  /// Without a log callback libevent prints to standard error. It ends the process after a fatal
  /// error whatever the fatal callback does; ours says the reason first.
  static let prepared: Void = {
    unsafe event_set_log_callback { _, message in
      guard let message = unsafe message else { return }
      let text = unsafe String(cString: message)
      Libevent.log.withLock { $0?(text) }
    }
    // libevent can't go on then, and the callback must not return (event2/event.h).
    event_set_fatal_callback { code in
      fatalError("libevent failed (\(code)): its internal state is invalid")
    }
    signal(SIGPIPE, SIG_IGN)
  }()
}
