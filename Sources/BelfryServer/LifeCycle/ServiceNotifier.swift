internal import Logging
internal import Reactor

/// How the service manager is reached, and how often it wants to hear from us.
package struct ServiceSettings: Sendable {
  /// NOTIFY_SOCKET.
  package var socket: String
  /// It ends a process that is silent for so long; nil when it doesn't.
  package var watchdog: Duration?

  package init(socket: String, watchdog: Duration? = nil) {
    self.socket = socket
    self.watchdog = watchdog
  }
}

/// Tells the service manager how this server is (sd_notify(3)).
///
/// What can't be sent at once is sent later. The sign of life comes from a timer of the loop, so that a
/// loop that hangs is found out.
final class ServiceNotifier {
  private let socket: ServiceSocket
  private let loop: EventLoop
  private let watchdog: Duration?
  private var unsent: [String] = []
  private var timer: LoopEvent?
  /// Another process is the service now.
  private(set) var isOver = false

  /// The one that the settings want; nil: none, or none can be reached, which the log is told.
  static func of(
    _ settings: ServerSettings, on loop: EventLoop, logger: Logger
  ) -> ServiceNotifier? {
    guard let service = settings.service else { return nil }
    do throws(ReactorError) {
      return try ServiceNotifier(on: loop, service)
    } catch {
      // The server works without it.
      logger.warning("cannot notify the service manager", metadata: ["reason": "\(error)"])
      return nil
    }
  }

  init(on loop: EventLoop, _ settings: ServiceSettings) throws(ReactorError) {
    socket = try ServiceSocket(path: settings.socket)
    watchdog = settings.watchdog
    self.loop = loop
  }

  /// This server serves.
  func ready() {
    send("READY=1")
    live()
  }

  /// Gives signs of life from now on.
  func live() {
    // > It is recommended that a daemon sends a keep-alive notification message to the service manager
    // > every half of the time returned here (sd_watchdog_enabled(3))
    timer = try? LoopEvent(on: loop, every: watchdog.map { $0 / 2 } ?? .seconds(1)) {
      [unowned self] in
      retry()
      if watchdog != nil, !isOver { _ = socket.send("WATCHDOG=1") }
    }
  }

  /// It is about to be taken over.
  func reloading() {
    send("RELOADING=1\nMONOTONIC_USEC=\(MonotonicClock.nanoseconds / 1000)")
  }

  /// It is no longer about to be.
  func reloaded() { send("READY=1") }

  /// Process `process` is the service from now on. Of this one nothing more is heard.
  func handedOver(to process: Int32) {
    send("MAINPID=\(process)\nREADY=1")
    isOver = true
  }

  func stopping() { send("STOPPING=1") }

  /// Has the service manager keep a file for the next process of the service, which it may not hear at once;
  /// false: it didn't hear for a second. The loop has ended.
  func keep(_ file: MemoryFile, named name: String) -> Bool {
    let text = "FDSTORE=1\nFDNAME=\(name)"
    // > Process notification messages a bit earlier than SIGCHLD, so that we can still identify to
    // > which service an exit message belongs. (systemd, src/core/manager.c)
    return ServiceSocket.insist(for: .seconds(1)) {
      retry()
      return unsent.isEmpty && socket.send(text, descriptor: file.descriptor)
    }
  }

  /// Such a file need not be kept any longer.
  func forgetFile(named name: String) { send("FDSTOREREMOVE=1\nFDNAME=\(name)") }

  /// Sends what the service manager has not taken yet, for at most `limit`. The loop has ended.
  ///
  /// Its queue may be full at that moment, and without its MAINPID it would take the end of this process for
  /// the end of the service.
  func close(within limit: Duration = .seconds(5)) {
    _ = ServiceSocket.insist(for: limit) {
      retry()
      return unsent.isEmpty
    }
  }

  private func send(_ text: String) {
    unsent.append(text)
    retry()
  }

  private func retry() {
    while let first = unsent.first, socket.send(first) { unsent.removeFirst() }
  }
}
