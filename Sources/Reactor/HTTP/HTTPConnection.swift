internal import CReactor
internal import Glibc

/// One of evhttp's connections: what it is doing, since when, and the scanner before it.
///
/// evhttp owns the connection; this object is held by the server's registry until evhttp says through
/// the close callback that it is gone, or until its stream leaves.
@safe final class HTTPConnection {
  private enum Phase {
    /// Nothing has come since it was accepted, or since the last answer.
    case waiting(isFirst: Bool)
    /// A request is on its way.
    case receiving
    /// `request` waits for its answer.
    case handling
    /// The answer is being written.
    case replying
    /// It was refused: what it still sends is thrown away, so that it gets to read why.
    case condemned
  }

  private unowned let server: HTTPServer
  private let connection: OpaquePointer
  private let stream: OpaquePointer
  let peer: Peer
  /// Where the server counts it for its address; nil: it doesn't.
  var addressEntry: UInt32?
  private var scanner: RequestHeadScanner
  /// Whether the input changes by our own hand.
  private var isFeeding = false
  /// Watches the input, for as long as the connection is evhttp's.
  private var inputWatch: OpaquePointer?
  private var phase = Phase.waiting(isFirst: true)
  /// When `phase` began.
  private var since = ContinuousClock.now
  /// When the request's first byte came.
  private var begun = ContinuousClock.now
  /// What is being written as its answer.
  private var reply = (status: HTTPStatus.ok, bodyBytes: 0)
  /// evhttp's request while it is ours to answer.
  private var request: OpaquePointer?
  /// The answer to a request that evhttp has yet to read.
  private var answer: HTTPResponse?
  private weak var exchange: HTTPExchange?

  /// - Parameters:
  ///   - connection: evhttp's object.
  ///   - stream: the bufferevent beneath it.
  init(_ connection: OpaquePointer, _ stream: OpaquePointer, server: HTTPServer) {
    self.server = server
    unsafe self.connection = connection
    unsafe self.stream = stream
    scanner = server.makeScanner()
    unsafe peer = Peer(of: connection)
    // Unretained, held by the registry: both callbacks are taken off before it lets go.
    let context = unsafe Unmanaged.passUnretained(self).toOpaque()
    unsafe inputWatch = evbuffer_add_cb(
      bufferevent_get_input(stream),
      { buffer, change, context in
        guard unsafe change!.pointee.n_added > 0 else { return }
        let connection = unsafe Unmanaged<HTTPConnection>.fromOpaque(context!)
        unsafe connection.takeUnretainedValue().received(buffer!)
      }, context)
    unsafe evhttp_connection_set_closecb(
      connection,
      { _, context in
        unsafe Unmanaged<HTTPConnection>.fromOpaque(context!).takeUnretainedValue().closed()
      }, context)
  }

  /// The server's bounds have changed, which holds for requests from then on; evhttp keeps its own
  /// for each connection.
  func applySizes() {
    guard case .waiting = phase else { return }
    unsafe evhttp_connection_set_max_headers_size(connection, server.limits.headBytes)
    unsafe evhttp_connection_set_max_body_size(connection, server.limits.bodyBytes)
  }

  private func enter(_ phase: Phase) {
    self.phase = phase
    since = .now
  }

  /// The first byte of a request is here.
  private func begin() {
    enter(.receiving)
    begun = since
  }

  /// The request has ended; whoever keeps a record of it is told.
  ///
  /// - Parameter status: nil: there was nobody to answer.
  private func finish(_ status: HTTPStatus?, bodyBytes: Int) {
    guard let onFinish = server.onFinish else { return }
    onFinish(
      FinishedRequest(
        peer: peer, head: scanner.head, line: scanner.firstLine, status: status,
        bodyBytes: bodyBytes, duration: .now - begun))
  }

  // MARK: Receiving

  /// Bytes have just been added to the input; evhttp has not seen them yet.
  private func received(_ input: OpaquePointer) {
    guard !isFeeding else { return }
    server.loop.noteHandler()
    switch phase {
    case .condemned:
      unsafe evbuffer_drain(input, evbuffer_get_length(input))
      return
    case .waiting:
      begin()
      // The limits may have changed meanwhile.
      scanner = server.makeScanner()
    case .receiving, .handling, .replying: break
    }
    guard scanner.verdict == .incomplete else { return }
    unsafe readHead(input)
    guard let head = scanner.head else { return }
    // Nothing more is to come: whoever wants a stream need not be known to evhttp for that.
    if !head.hasBody { hand(over: head, body: []) }
    if unsafe inputWatch != nil { unsafe feed(head, input) }
  }

  /// Takes a head out of the input as far as it has come. When it is refused, nothing is left there.
  private func readHead(_ input: OpaquePointer) {
    while scanner.verdict == .incomplete {
      var block = unsafe iovec()
      guard unsafe evbuffer_peek(input, -1, nil, &block, 1) > 0 else { return }
      let bytes = unsafe UnsafeRawBufferPointer(start: block.iov_base, count: block.iov_len)
      let used = scanner.scan(unsafe bytes.bindMemory(to: UInt8.self).span)
      unsafe evbuffer_drain(input, used)
    }
    if case .refused(let refusal) = scanner.verdict {
      unsafe evbuffer_drain(input, evbuffer_get_length(input))
      condemn(refusal, .malformed)
    }
  }

  /// Gives evhttp what it needs of a head, before what is in the input.
  private func feed(_ head: RequestHead, _ input: OpaquePointer) {
    let framing = head.framing
    isFeeding = true
    _ = unsafe framing.withUnsafeBytes {
      unsafe evbuffer_prepend(input, $0.baseAddress, $0.count)
    }
    isFeeding = false
  }

  /// Answers at once, past evhttp, and reads no further request.
  private func condemn(_ refusal: HTTPRefusal, _ reason: ConnectionEnd) {
    server.countEnd(reason)
    enter(.condemned)
    let descriptor = unsafe bufferevent_getfd(stream)
    let bytes = refusal.bytes
    _ = unsafe bytes.withUnsafeBytes {
      unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
    }
    shutdown(descriptor, Int32(SHUT_WR))
    finish(refusal.status, bodyBytes: refusal.body.utf8.count)
  }

  /// evhttp has read a request completely.
  func handle(_ request: OpaquePointer) {
    guard let head = scanner.head else {
      // It should not be: evhttp has read a head that the scanner has not.
      close()
      return
    }
    unsafe self.request = request
    if let answer {
      respond(answer)
    } else if case .receiving = phase {
      hand(over: head, body: unsafe body(of: request))
    }
  }

  private func hand(over head: RequestHead, body: [UInt8]) {
    enter(.handling)
    let exchange = HTTPExchange(
      HTTPRequest(head: head, body: body, peer: peer), connection: self)
    self.exchange = exchange
    server.onRequest(exchange)
  }

  private func body(of request: OpaquePointer) -> [UInt8] {
    let input = unsafe evhttp_request_get_input_buffer(request)
    let length = unsafe evbuffer_get_length(input)
    return unsafe [UInt8](unsafeUninitializedCapacity: length) { space, filled in
      unsafe filled = max(0, evbuffer_copyout(input, space.baseAddress, length))
    }
  }

  // MARK: Answering

  /// Hands an answer to evhttp, now or when it has read the request.
  func respond(_ response: HTTPResponse) {
    guard let request = unsafe request else {
      answer = response
      return
    }
    unsafe self.request = nil
    answer = nil
    let response =
      unsafe set(response.headers, on: request)
      ? response : HTTPResponse(.internalServerError)
    let headers = unsafe evhttp_request_get_output_headers(request)
    if response.status.hasBody, let length = response.length {
      unsafe evhttp_add_header(headers, "Content-Length", String(length))
    }
    if response.closesConnection || server.isClosing {
      unsafe evhttp_add_header(headers, "Connection", "close")
    }
    // Unretained: evhttp completes requests before it closes their connection.
    unsafe evhttp_request_set_on_complete_cb(
      request,
      { _, context in
        let connection = unsafe Unmanaged<HTTPConnection>.fromOpaque(context!)
        unsafe connection.takeUnretainedValue().completed()
      }, Unmanaged.passUnretained(self).toOpaque())
    enter(.replying)
    let body = unsafe evbuffer_new()
    defer { unsafe evbuffer_free(body) }
    reply = (response.status, 0)
    if response.status.hasBody, scanner.method != .head {
      reply.bodyBytes = response.body.count
      _ = unsafe response.body.withUnsafeBytes {
        unsafe evbuffer_add(body, $0.baseAddress, $0.count)
      }
    }
    unsafe evhttp_send_reply(
      request, Int32(response.status.rawValue), response.status.phrase, body)
  }

  /// False when a field can't be sent: a CR or LF in it would begin another.
  private func set(_ headers: HTTPHeaders, on request: OpaquePointer) -> Bool {
    let output = unsafe evhttp_request_get_output_headers(request)
    for (name, value) in headers.fields
    where unsafe evhttp_add_header(output, name, value) != 0 {
      unsafe evhttp_clear_headers(output)
      return false
    }
    return true
  }

  /// The answer has been written; evhttp goes on with the next request, or closes.
  private func completed() {
    finish(reply.status, bodyBytes: reply.bodyBytes)
    enter(.waiting(isFirst: false))
    applySizes()
    scanner = server.makeScanner()
    let input = unsafe bufferevent_get_input(stream)!
    guard unsafe evbuffer_get_length(input) > 0 else { return }
    begin()
    unsafe readHead(input)
    // Not handed over from here: evhttp still needs its connection when this returns.
    if let head = scanner.head { unsafe feed(head, input) }
  }

  // MARK: Leaving evhttp

  /// Takes the socket away from evhttp, whose connection and request are freed.
  ///
  /// evhttp always shuts its descriptor down when it lets a connection go, so it is left a
  /// descriptor of /dev/null under the old number.
  func detach() throws(ReactorError) -> StreamSocket {
    let old = unsafe bufferevent_getfd(stream)
    let descriptor = server.withDescriptor { fcntl(old, F_DUPFD_CLOEXEC, 0) }
    defer { server.refillSpare() }
    guard descriptor >= 0 else { throw .fromErrno("fcntl", "detaching a stream") }
    unsafe bufferevent_disable(stream, Int16(EV_READ | EV_WRITE))
    guard dup2(server.devNull, old) == old else {
      Glibc.close(descriptor)
      throw .fromErrno("dup2", "detaching a stream")
    }
    unsafe evhttp_connection_set_closecb(connection, nil, nil)
    unwatch()
    unsafe request = nil
    unsafe evhttp_connection_free(connection)
    unsafe server.forget(connection)
    // A Unix socket does not inherit it from the one that accepted it.
    if peer == .unix {
      Socket.set(descriptor, SOL_SOCKET, SO_SNDBUF, server.options.sendBuffer)
    }
    return StreamSocket(descriptor: descriptor)
  }

  private func unwatch() {
    guard let inputWatch = unsafe inputWatch else { return }
    unsafe self.inputWatch = nil
    unsafe evbuffer_remove_cb_entry(bufferevent_get_input(stream), inputWatch)
  }

  // MARK: Ending

  /// evhttp is about to free the connection.
  private func closed() {
    server.loop.noteHandler()
    unwatch()
    switch phase {
    case .handling: finish(nil, bodyBytes: 0)
    case .replying:
      let unsent = unsafe evbuffer_get_length(bufferevent_get_output(stream))
      finish(reply.status, bodyBytes: max(0, reply.bodyBytes - unsent))
    case .waiting, .receiving, .condemned: break
    }
    exchange?.connectionClosed()
    if let request = unsafe request {
      unsafe self.request = nil
      // When the client went away, libevent has taken the request off the connection and leaves it
      // to us; when we close the connection, libevent frees it (read in http.c, and tested).
      if unsafe evhttp_request_get_connection(request) == nil {
        unsafe evhttp_request_free(request)
      }
    }
    unsafe server.forget(connection)
  }

  func close() { unsafe evhttp_connection_free(connection) }

  /// Whether something has come that libevent has not read yet.
  private var hasUnread: Bool {
    var byte: UInt8 = 0
    let flags = Int32(MSG_PEEK | MSG_DONTWAIT)
    return unsafe recv(bufferevent_getfd(stream), &byte, 1, flags) > 0
  }

  /// What decides whether it has to make room for others.
  var candidate: ConnectionBounds.Candidate {
    let isOurs = if case .handling = phase { true } else { false }
    return .init(since: since, address: addressEntry, isEvictable: !isOurs)
  }

  /// Makes room. Without an answer: a browser's EventSource gives up for good on any status but 200,
  /// and comes again after a broken connection (WHATWG HTML 9.2.3).
  func evict(_ reason: ConnectionEnd) { end(reason) }

  /// One that was refused is counted already.
  private func end(_ reason: ConnectionEnd) {
    if case .condemned = phase {} else { server.countEnd(reason) }
    close()
  }

  /// Ends what takes too long.
  func sweep(now: ContinuousClock.Instant) {
    let age = now - since
    let limits = server.limits
    switch phase {
    case .waiting(let isFirst):
      let limit = isFirst ? limits.requestTime : limits.idleTime
      if let closing = server.closingSince {
        if now - max(since, closing) > limits.closingTime, !hasUnread { close() }
      } else if age > limit {
        end(isFirst ? .silent : .idle)
      }
    case .receiving:
      if age > limits.requestTime {
        condemn(
          HTTPRefusal(.requestTimeout, "the request took longer than \(limits.requestTime)"),
          .incomplete)
      }
    case .handling: break
    case .replying: if age > limits.replyTime { end(.unread) }
    case .condemned: if age > limits.requestTime { close() }
    }
  }
}

extension Peer {
  /// Who is at the other end of evhttp's connection.
  fileprivate init(of connection: OpaquePointer) {
    let address = unsafe evhttp_connection_get_addr(connection).flatMap { unsafe IPAddress($0) }
    self = address.map(Peer.address) ?? .unix
  }
}
