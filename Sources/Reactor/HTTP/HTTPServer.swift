internal import CReactor
internal import Glibc

/// evhttp: accepts connections, reads requests, and hands each to `onRequest`.
///
/// Every connection is known from its first byte on: counted, bounded in time, and its request heads
/// are read strictly before evhttp sees them. Must be closed before it is released.
@safe package final class HTTPServer {
  /// Bounds on what a client sends, and for how long.
  package struct Limits: Sendable {
    /// Bytes of a request's head.
    package var headBytes = 8 << 10
    /// Bytes of a request's body.
    package var bodyBytes = 64 << 10
    /// Time for a request to arrive completely, from its first byte, or from the connection's accept.
    package var requestTime = Duration.seconds(10)
    /// Time between two requests on a connection; longer than nginx' upstream pool keeps one (60 s).
    package var idleTime = Duration.seconds(75)
    /// Time that a server which stops leaves for a request that may be on its way already: a
    /// connection closed just then would be lost to a client that did nothing wrong.
    package var closingTime = Duration.seconds(1)
    /// Time for a client to read an answer.
    package var replyTime = Duration.seconds(60)
    /// Connections open at once, streams not counted; at least 1.
    package var connections = 1000
    /// Those of one address; 0 is no bound.
    package var connectionsPerAddress = 0

    package init() {}
  }

  /// Connections accepted in one turn of the loop: what they have sent is read before more are, so that
  /// a crowd that comes at once is not taken for one that says nothing.
  private static let acceptedPerTurn = 32

  let loop: EventLoop
  /// A change holds for requests that begin after it.
  package var limits: Limits {
    didSet {
      applySizes()
      if (oldValue.connectionsPerAddress > 0) != (limits.connectionsPerAddress > 0) { recount() }
    }
  }
  /// For how many connections there are descriptors, whatever the limits say.
  package var room = Int.max
  /// Whose connections are not counted for their address: a proxy's are many people's.
  package var isProxy: (Peer) -> Bool = { _ in false } {
    didSet { recount() }
  }
  let onRequest: (HTTPExchange) -> Void
  /// Is told of each request that has ended, answered by whomever; nil: nobody wants to know. Of one that
  /// became a stream it isn't told.
  package var onFinish: ((FinishedRequest) -> Void)?
  private let log: (String) -> Void
  let options: SocketOptions
  private let http: OpaquePointer
  private var listeners: [ListeningSocket] = []
  /// Open connections, by libevent's object for them.
  private var connections: [OpaquePointer: HTTPConnection] = unsafe [:]
  /// Accepted in this turn, not yet looked at: libevent tells us before it knows the descriptor.
  private var accepted: [OpaquePointer] = unsafe []
  /// How many were accepted since the turn began.
  private var acceptedInTurn = 0
  /// Connections by address, while there is a bound on that.
  private var addresses = AddressTable()
  /// Whether one has come to have too many.
  private var hasLargeAddress = false
  private var counted = ConnectionCounters()
  /// Fires when there are accepted ones, before libevent looks for their bytes.
  private var acceptance: LoopEvent?
  private var sweeper: LoopEvent?
  /// Stands in for a stream's socket when that leaves evhttp.
  let devNull: Int32
  /// Given up for a moment when there is no other descriptor left to take a stream over with.
  private var spare: Int32
  /// Since when answers end their connections; nil: they don't.
  private(set) var closingSince: ContinuousClock.Instant?
  package var isClosing: Bool { closingSince != nil }

  /// - Parameters:
  ///   - log: gets a line when accepting has to pause.
  ///   - onRequest: is to answer or detach each exchange, now or later.
  package init(
    on loop: EventLoop, limits: Limits = Limits(), options: SocketOptions = SocketOptions(),
    log: @escaping (String) -> Void = { _ in }, onRequest: @escaping (HTTPExchange) -> Void
  ) throws(ReactorError) {
    self.loop = loop
    self.limits = limits
    self.options = options
    self.log = log
    self.onRequest = onRequest
    devNull = unsafe open("/dev/null", O_RDWR | O_CLOEXEC)
    guard devNull >= 0 else { throw .fromErrno("open", "opening /dev/null") }
    spare = dup(devNull)
    guard let http = unsafe evhttp_new(loop.base) else {
      throw ReactorError(function: "evhttp_new", detail: "creating an HTTP server")
    }
    unsafe self.http = http
    configure()
    acceptance = try LoopEvent(onActivationBy: loop) { [unowned self] in takeCharge() }
    sweeper = try LoopEvent(on: loop, every: .seconds(1)) { [unowned self] in sweep(now: .now) }
  }

  deinit {
    unsafe precondition(
      listeners.isEmpty && connections.isEmpty, "an HTTPServer is closed explicitly")
    unsafe evhttp_free(http)
    Glibc.close(devNull)
    Glibc.close(spare)
  }

  /// Has `body` take a descriptor, the spare one if there is no other.
  ///
  /// `body` returns -1 when it found none. Whoever used the spare frees another one soon, which
  /// `refillSpare` keeps.
  func withDescriptor(_ body: () -> Int32) -> Int32 {
    let descriptor = body()
    guard descriptor < 0, spare >= 0 else { return descriptor }
    Glibc.close(spare)
    spare = -1
    return body()
  }

  func refillSpare() {
    if spare < 0 { spare = dup(devNull) }
  }

  private func configure() {
    let methods = [
      EVHTTP_REQ_GET, EVHTTP_REQ_POST, EVHTTP_REQ_HEAD, EVHTTP_REQ_PUT, EVHTTP_REQ_DELETE,
      EVHTTP_REQ_OPTIONS, EVHTTP_REQ_TRACE, EVHTTP_REQ_PATCH,
    ]
    unsafe evhttp_set_allowed_methods(http, UInt16(methods.reduce(0) { $0 | $1.rawValue }))
    applySizes()
    unsafe evhttp_set_default_content_type(http, nil)
    // Unretained: evhttp is freed before the server.
    let context = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe evhttp_set_gencb(
      http,
      { request, context in
        let server = unsafe Unmanaged<HTTPServer>.fromOpaque(context!).takeUnretainedValue()
        unsafe server.handle(request!)
      }, context)
    unsafe evhttp_set_bevcb(
      http,
      { _, context in
        let server = unsafe Unmanaged<HTTPServer>.fromOpaque(context!).takeUnretainedValue()
        return unsafe server.willAccept()
      }, context)
  }

  /// Behind the scanner's own bounds, which are hit first.
  private func applySizes() {
    unsafe evhttp_set_max_headers_size(http, limits.headBytes)
    unsafe evhttp_set_max_body_size(http, limits.bodyBytes)
    for known in unsafe Array(connections.values) { known.applySizes() }
  }

  /// Listens on one more address, and returns where that is: port 0 becomes a port.
  @discardableResult
  package func listen(on address: ListenAddress) throws(ReactorError) -> ListenAddress {
    let sockets = try Socket.listen(on: address, options)
    var bound = address
    for (place, socket) in sockets.enumerated() {
      do throws(ReactorError) {
        unsafe listeners.append(
          try ListeningSocket(socket, address: address, http: http, loop: loop, log: log))
      } catch {
        for socket in sockets[place...] { Glibc.close(socket) }
        throw error
      }
      bound = Socket.boundAddress(of: socket, asked: address)
    }
    return bound
  }

  /// Listens on a socket that this process was handed, which it takes over.
  package func listen(on inherited: InheritedSocket) throws(ReactorError) {
    // Shared with whoever handed it over: nobody else waits in `accept` on it for long either.
    _ = fcntl(inherited.descriptor, F_SETFL, O_NONBLOCK)
    if case .tcp = inherited.address { options.apply(to: inherited.descriptor) }
    unsafe listeners.append(
      try ListeningSocket(
        inherited.descriptor, address: inherited.address, ownsPath: inherited.ownsPath,
        http: http, loop: loop, log: log))
  }

  /// The sockets that it listens on, to be handed to another process; `HTTPServer` still closes them.
  package var listeningSockets: [(descriptor: Int32, ownsPath: Bool)] {
    listeners.map { ($0.descriptor, $0.ownsPath) }
  }

  /// To be called at the end of each turn of the loop.
  package func endOfTurn() {
    acceptedInTurn = 0
    for listener in listeners { listener.endOfTurn() }
  }

  /// How many connections are open, streams that left not counted.
  package var connectionCount: Int { unsafe connections.count }

  /// What has become of the connections.
  package var counters: ConnectionCounters {
    var counters = counted
    counters.open = connectionCount
    return counters
  }

  func countEnd(_ reason: ConnectionEnd) { counted.countEnd(reason) }

  // MARK: Accepting

  /// Makes the bufferevent for a connection that libevent has just accepted.
  private func willAccept() -> OpaquePointer? {
    loop.noteHandler()
    guard let stream = unsafe bufferevent_socket_new(loop.base, -1, 0) else { return nil }
    unsafe bufferevent_incref(stream)
    unsafe accepted.append(stream)
    acceptance?.activate()
    acceptedInTurn += 1
    // No more than one over the room there is: it goes before the next is accepted.
    if unsafe acceptedInTurn >= Self.acceptedPerTurn || connections.count + accepted.count > room {
      for listener in listeners { listener.rest() }
    }
    return unsafe stream
  }

  /// Takes charge of the connections accepted just now, before any of their bytes is read.
  private func takeCharge() {
    for index in unsafe accepted.indices {
      let stream = unsafe accepted[index]
      var context: UnsafeMutableRawPointer?
      unsafe bufferevent_getcb(stream, nil, nil, nil, &context)
      // evhttp's own object; nil when the connection died at birth.
      if let connection = OpaquePointer(context) {
        let known = unsafe HTTPConnection(connection, stream, server: self)
        unsafe connections[connection] = known
        counted.accepted += 1
        count(known)
      }
      unsafe bufferevent_decref(stream)
    }
    unsafe accepted.removeAll(keepingCapacity: true)
    keepBounds()
  }

  private func count(_ connection: HTTPConnection) {
    guard limits.connectionsPerAddress > 0, let address = connection.peer.countedAddress,
      !isProxy(connection.peer)
    else { return }
    let entry = addresses.add(address)
    connection.addressEntry = entry
    if addresses.count(at: entry) > limits.connectionsPerAddress { hasLargeAddress = true }
  }

  private func uncount(_ connection: HTTPConnection) {
    guard let entry = connection.addressEntry else { return }
    connection.addressEntry = nil
    addresses.remove(at: entry)
  }

  /// What is counted has changed.
  private func recount() {
    for connection in unsafe Array(connections.values) {
      uncount(connection)
      count(connection)
    }
  }

  /// Ends what is too many; all that came in one turn are weighed together.
  private func keepBounds() {
    let total = max(1, min(limits.connections, room))
    guard hasLargeAddress || connectionCount > total else { return }
    hasLargeAddress = false
    let all = unsafe Array(connections.values)
    let bounds = ConnectionBounds(total: total, perAddress: limits.connectionsPerAddress)
    let (ofAddresses, ofAll) = bounds.victims(of: all.map(\.candidate))
    for place in ofAddresses { all[place].evict(.address) }
    for place in ofAll { all[place].evict(.total) }
  }

  private func handle(_ request: OpaquePointer) {
    guard let connection = unsafe evhttp_request_get_connection(request),
      let known = unsafe connections[connection]
    else {
      // None should be: every connection is known before libevent reads from it.
      if let connection = unsafe evhttp_request_get_connection(request) {
        unsafe evhttp_connection_free(connection)
      }
      return
    }
    unsafe known.handle(request)
  }

  func makeScanner() -> RequestHeadScanner {
    RequestHeadScanner(limits: .init(headBytes: limits.headBytes, bodyBytes: limits.bodyBytes))
  }

  func forget(_ connection: OpaquePointer) {
    if let known = unsafe connections.removeValue(forKey: connection) { uncount(known) }
  }

  private func sweep(now: ContinuousClock.Instant) {
    for connection in unsafe Array(connections.values) { connection.sweep(now: now) }
  }

  // MARK: Stopping

  /// Accepts no more connections; ends those that are there with their next answers, or when they have
  /// waited for a request for `closingTime`.
  ///
  /// - Parameter leavingPaths: another process goes on listening on the same Unix sockets.
  package func stopAccepting(leavingPaths: Bool = false) {
    guard !isClosing else { return }
    closingSince = .now
    for listener in listeners { listener.close(leavingPath: leavingPaths) }
    listeners = []
    sweep(now: .now)
    // Without memory for the quicker one the old one does, later.
    if let sweeper = try? LoopEvent(
      on: loop, every: .milliseconds(50), onFire: { [unowned self] in sweep(now: .now) })
    {
      self.sweeper = sweeper
    }
  }

  /// Cuts every connection that is left. The server can be released then.
  package func close() {
    stopAccepting()
    takeCharge()
    for connection in unsafe Array(connections.values) { connection.close() }
    acceptance = nil
    sweeper = nil
  }
}
