internal import CReactor
internal import Glibc
internal import Synchronization

/// A socket that evhttp accepts connections from.
@safe final class ListeningSocket {
  /// How long accepting pauses when the process has no descriptor left: the kernel would report the
  /// same connection again at once, and the loop would do nothing else.
  private static let pause = Duration.milliseconds(100)
  /// The addresses of listeners that failed to accept and were switched off. The failure's callback
  /// gets evhttp's argument instead of ours, so it leaves word here.
  private static let failed = Mutex<Set<UInt>>([])
  /// Whether `failed` has any.
  private static let hasFailed = Atomic(false)

  let descriptor: Int32
  private let address: ListenAddress
  private let loop: EventLoop
  private let log: (String) -> Void
  private let http: OpaquePointer
  private let bound: OpaquePointer
  private let listener: OpaquePointer
  private var resumption: LoopEvent?
  /// Accepts no more in this turn.
  private var isResting = false
  /// A Unix socket's file, as it was bound; nil when it is not ours to remove.
  private let file: FileIdentity?
  /// When accepting failed last: one line says so for each shortage, not one each 100 ms.
  private var lastFailure: ContinuousClock.Instant?
  /// After so long without a failure the next one is news.
  private static let shortage = Duration.seconds(10)

  /// Takes `descriptor` over when it succeeds.
  ///
  /// - Parameter ownsPath: whether a Unix socket's path is to be removed in the end.
  init(
    _ descriptor: Int32, address: ListenAddress, ownsPath: Bool = true, http: OpaquePointer,
    loop: EventLoop, log: @escaping (String) -> Void
  ) throws(ReactorError) {
    self.descriptor = descriptor
    self.address = address
    if ownsPath, case .unix(let path) = address {
      file = Socket.identity(of: path)
    } else {
      file = nil
    }
    self.loop = loop
    self.log = log
    unsafe self.http = http
    let flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC
    guard let listener = unsafe evconnlistener_new(loop.base, nil, nil, flags, 0, descriptor) else {
      throw .fromErrno("evconnlistener_new", "listening on \(address)")
    }
    guard let bound = unsafe evhttp_bind_listener(http, listener) else {
      throw .fromErrno("evhttp_bind_listener", "listening on \(address)")
    }
    unsafe self.listener = listener
    unsafe self.bound = bound
    unsafe evconnlistener_set_error_cb(listener) { listener, _ in
      unsafe evconnlistener_disable(listener)
      ListeningSocket.failed.withLock { _ = $0.insert(UInt(bitPattern: listener)) }
      ListeningSocket.hasFailed.store(true, ordering: .relaxed)
    }
  }

  /// Accepts no more until the turn ends; may be called while it accepts.
  ///
  /// libevent looks after each connection whether the listener is still enabled (read in listener.c,
  /// and tested).
  func rest() {
    guard !isResting else { return }
    isResting = true
    unsafe evconnlistener_disable(listener)
  }

  /// Pauses accepting if it failed in this turn; to be called at the end of each.
  func endOfTurn() {
    if isResting {
      isResting = false
      if resumption == nil { unsafe evconnlistener_enable(listener) }
    }
    guard ListeningSocket.hasFailed.load(ordering: .relaxed) else { return }
    let failed = ListeningSocket.failed.withLock { failed in
      defer { ListeningSocket.hasFailed.store(!failed.isEmpty, ordering: .relaxed) }
      return unsafe failed.remove(UInt(bitPattern: listener)) != nil
    }
    guard failed else { return }
    unsafe evconnlistener_disable(listener)
    let now = ContinuousClock.now
    if lastFailure.map({ now - $0 > Self.shortage }) ?? true {
      log("\(address): no file descriptor left; retrying every \(Self.pause)")
    }
    lastFailure = now
    resumption = try? LoopEvent(on: loop, after: Self.pause) { [unowned self] in
      resumption = nil
      unsafe evconnlistener_enable(listener)
    }
    // Without memory for a timer there is no pause: it fails again, and tries again.
    if resumption == nil { unsafe evconnlistener_enable(listener) }
  }

  /// Whether it removes a path when it is closed.
  var ownsPath: Bool { file != nil }

  /// Listens no more, and frees the socket. A Unix socket's path goes too, if it is still its own.
  ///
  /// - Parameter leavingPath: another process goes on listening there.
  func close(leavingPath: Bool = false) {
    resumption = nil
    unsafe evhttp_del_accept_socket(http, bound)
    // By now the path may be somebody else's.
    if !leavingPath, case .unix(let path) = address, file != nil,
      Socket.identity(of: path) == file
    {
      unsafe unlink(path)
    }
  }
}
