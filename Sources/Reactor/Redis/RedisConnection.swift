internal import CReactor
internal import Glibc

/// One connection to Redis, by hiredis, on the loop. Must be closed before it is released.
///
/// hiredis' own adapter for libevent removes and adds a watch for each read and each write. This one
/// keeps the read watch, and writes all commands of one turn of the loop at its end with one call.
/// It has no deadlines: those are the owner's.
///
/// On a connection that subscribes, only `subscribe` and `unsubscribe` may follow: hiredis 0.14
/// ends the process on some other replies, such as that to the last possible `UNSUBSCRIBE`; so one
/// channel stays subscribed for as long as the connection lives.
@safe package final class RedisConnection {
  /// What happened to it.
  package enum Occurrence: Sendable {
    /// Commands may be sent.
    case connected
    /// It is lost, or never came about; every command was answered with nil before. Nothing follows.
    case lost(reason: String)
    /// A subscription began; it has the number that it was given.
    case subscribed(Int)
    /// Somebody published on a subscription's channel.
    case message(Int, [UInt8])
  }

  package typealias Completion = (RedisReply?) -> Void

  private let onOccurrence: (Occurrence) -> Void
  /// hiredis' object; nil once it is freed or about to be freed by hiredis.
  private var context: UnsafeMutablePointer<redisAsyncContext>?
  private var readWatch: LoopEvent?
  private var writeWatch: LoopEvent?
  private var isConnected = false
  /// In one of hiredis' functions that calls us back: it can't be freed there.
  private var isBusy = false
  private var isWriting = false
  private var isClosed = false
  /// The commands that wait for their answers, in order.
  private var waiting = Queue<Waiting>()

  private struct Waiting {
    let sentAt: ContinuousClock.Instant
    let completion: Completion
  }

  /// Begins to connect.
  ///
  /// - Parameters:
  ///   - place: a host must be a numeric address: a name would be looked up, and the loop wait.
  ///   - onOccurrence: called on the loop, and not before this returns.
  package init(
    on loop: EventLoop, to place: RedisAddress.Place,
    onOccurrence: @escaping (Occurrence) -> Void
  ) throws(ReactorError) {
    self.onOccurrence = onOccurrence
    let connected: UnsafeMutablePointer<redisAsyncContext>? =
      switch place {
      case .tcp(let host, let port): unsafe redisAsyncConnect(host, Int32(port))
      case .unix(let path): unsafe redisAsyncConnectUnix(path)
      }
    guard let context = unsafe connected else {
      throw ReactorError(function: "redisAsyncConnect", detail: "connecting to Redis")
    }
    guard unsafe context.pointee.err == 0 else {
      let reason = unsafe Self.reason(context)
      unsafe redisAsyncFree(context)
      throw ReactorError(function: "redisAsyncConnect", detail: reason)
    }
    unsafe self.context = context
    let descriptor = unsafe context.pointee.c.fd
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    do throws(ReactorError) {
      readWatch = try LoopEvent(on: loop, readable: descriptor) { [weak self] in self?.read() }
      writeWatch = try LoopEvent(on: loop, writable: descriptor) { [weak self] in self?.write() }
    } catch {
      unsafe self.context = nil
      readWatch = nil
      unsafe redisAsyncFree(context)
      throw error
    }
    unsafe attach(context)
  }

  deinit { unsafe precondition(context == nil, "a RedisConnection is closed explicitly") }

  /// Hooks this object into hiredis'.
  private func attach(_ context: UnsafeMutablePointer<redisAsyncContext>) {
    // Unretained: hiredis' object is freed, or told to be, before this one is.
    unsafe context.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    unsafe context.pointee.ev.data = Unmanaged.passUnretained(self).toOpaque()
    unsafe context.pointee.ev.addWrite = {
      unsafe Unmanaged<RedisConnection>.fromOpaque($0!).takeUnretainedValue().wantsToWrite()
    }
    unsafe context.pointee.ev.delWrite = {
      unsafe Unmanaged<RedisConnection>.fromOpaque($0!).takeUnretainedValue().writeWatch?.disarm()
    }
    unsafe context.pointee.ev.cleanup = {
      unsafe Unmanaged<RedisConnection>.fromOpaque($0!).takeUnretainedValue().unwatch()
    }
    unsafe redisAsyncSetConnectCallback(context) { context, status in
      unsafe RedisConnection.of(context!).connectEnded(context!, status)
    }
    unsafe redisAsyncSetDisconnectCallback(context) { context, _ in
      unsafe RedisConnection.of(context!).lost(RedisConnection.reason(context!))
    }
  }

  private static func of(_ context: UnsafePointer<redisAsyncContext>) -> RedisConnection {
    unsafe Unmanaged<RedisConnection>.fromOpaque(context.pointee.data).takeUnretainedValue()
  }

  private static func reason(_ context: UnsafePointer<redisAsyncContext>) -> String {
    guard let text = unsafe context.pointee.errstr, unsafe text.pointee != 0 else {
      return "the connection was closed"
    }
    return unsafe String(cString: text)
  }

  // MARK: Events

  private func wantsToWrite() {
    // In a write means that the socket is full, or not connected yet; else it most likely has room.
    if isConnected, !isWriting { writeWatch?.activate() } else { writeWatch?.arm() }
  }

  private func read() {
    unsafe enter { unsafe redisAsyncHandleRead($0) }
  }

  private func write() {
    isWriting = true
    unsafe enter { unsafe redisAsyncHandleWrite($0) }
    isWriting = false
  }

  /// Calls a function of hiredis that may call back, and frees afterwards what was closed in there.
  private func enter(_ body: (UnsafeMutablePointer<redisAsyncContext>) -> Void) {
    guard let context = unsafe context else { return }
    isBusy = true
    unsafe body(context)
    isBusy = false
    if isClosed { free() }
  }

  private func unwatch() {
    readWatch = nil
    writeWatch = nil
  }

  private func connectEnded(_ context: UnsafePointer<redisAsyncContext>, _ status: Int32) {
    guard status == REDIS_OK else {
      lost(unsafe Self.reason(context))
      return
    }
    isConnected = true
    if !isClosed { onOccurrence(.connected) }
  }

  /// hiredis is about to free its object.
  private func lost(_ reason: String) {
    unsafe context = nil
    unwatch()
    guard !isClosed else { return }
    isClosed = true
    failWaiting()
    onOccurrence(.lost(reason: reason))
  }

  private func failWaiting() {
    while let command = waiting.popFirst() { command.completion(nil) }
  }

  /// Ends the connection; commands without an answer get nil, and nothing else is heard of it.
  package func close() {
    guard !isClosed else { return }
    isClosed = true
    failWaiting()
    if !isBusy { free() }
  }

  private func free() {
    guard let context = unsafe context else { return }
    // Its callbacks come once more, and find nothing to do.
    unsafe redisAsyncFree(context)
    unsafe self.context = nil
    unwatch()
  }

  // MARK: Commands

  /// Whether commands are sent: it is neither closed nor lost.
  package var isOpen: Bool { !isClosed }

  /// When the oldest command was sent that waits for its answer; nil when there is none.
  package var oldestSentAt: ContinuousClock.Instant? { waiting.first?.sentAt }

  /// Sends a command. Its answer comes in a later turn; nil means that none ever will, so that the
  /// command may have been carried out or not. Before `connected` it waits for that.
  package func send(_ command: RedisCommand, completion: @escaping Completion) {
    waiting.append(Waiting(sentAt: .now, completion: completion))
    let sent = unsafe put(command) { context, reply, _ in
      guard let reply = unsafe reply else { return }
      let connection = unsafe RedisConnection.of(context!)
      let copy = unsafe RedisReply(copying: reply.assumingMemoryBound(to: redisReply.self))
      // Each reply belongs to the oldest command that has none.
      connection.waiting.popFirst()?.completion(copy)
    }
    // It is closed, and closing has emptied the queue; or is about to be lost, which will.
    if !sent, isClosed { waiting.popLast()?.completion(nil) }
  }

  /// Begins to follow a channel, which says `subscribed`.
  ///
  /// - Parameter number: what is heard of it comes with this number. When the channel is followed
  ///   already, all that is heard from now on does.
  package func subscribe(_ channel: String, number: Int) {
    unsafe put(RedisCommand(["SUBSCRIBE", channel]), number: number) { context, reply, number in
      guard let reply = unsafe reply else { return }
      unsafe RedisConnection.of(context!).received(
        reply.assumingMemoryBound(to: redisReply.self), number: Int(bitPattern: number))
    }
  }

  /// Follows these channels no more.
  package func unsubscribe(_ channels: [String]) {
    unsafe put(RedisCommand(["UNSUBSCRIBE"] + channels), nil)
  }

  /// Something came that nobody asked for: an array of kind, channel, and payload or count.
  private func received(_ reply: UnsafePointer<redisReply>, number: Int) {
    guard !isClosed, unsafe reply.pointee.type == REDIS_REPLY_ARRAY,
      unsafe reply.pointee.elements == 3, let kind = unsafe reply.pointee.element[0],
      let last = unsafe reply.pointee.element[2]
    else { return }
    // Only what is used is copied: of each message there are two, and each node gets all.
    if unsafe kind.isString(Self.message), unsafe last.pointee.type == REDIS_REPLY_STRING {
      let payload = unsafe UnsafeRawBufferPointer(
        start: last.pointee.str, count: last.pointee.len)
      onOccurrence(.message(number, unsafe Array(payload)))
    } else if unsafe kind.isString(Self.subscribe) {
      onOccurrence(.subscribed(number))
    }
  }

  private static let message: StaticString = "message"
  private static let subscribe: StaticString = "subscribe"

  /// Hands a command to hiredis; false when that takes none any more.
  ///
  /// - Parameter number: what `onReply` gets, as a pointer.
  @discardableResult
  private func put(
    _ command: RedisCommand, number: Int = 0,
    _ onReply: (
      @convention(c) (
        UnsafeMutablePointer<redisAsyncContext>?, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?
      ) -> Void
    )?
  ) -> Bool {
    // Redis would wait for the others, or take the next command for them.
    precondition(command.missing == 0, "a command has as many arguments as it says")
    guard !isClosed, let context = unsafe context else { return false }
    return unsafe command.bytes.withUnsafeBytes { bytes in
      unsafe redisAsyncFormattedCommand(
        context, onReply, UnsafeMutableRawPointer(bitPattern: number),
        bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count - 1) == REDIS_OK
    }
  }
}

extension UnsafeMutablePointer<redisReply> {
  fileprivate func isString(_ text: StaticString) -> Bool {
    unsafe pointee.type == REDIS_REPLY_STRING && pointee.len == text.utf8CodeUnitCount
      && memcmp(pointee.str, text.utf8Start, pointee.len) == 0
  }
}
