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
  private let peer: Peer
  private var scanner: RequestHeadScanner
  /// Watches the input, for as long as the connection is evhttp's.
  private var inputWatch: OpaquePointer?
  private var phase = Phase.waiting(isFirst: true)
  /// When `phase` began.
  private var since = ContinuousClock.now
  /// evhttp's request while it is ours to answer.
  private var request: OpaquePointer?
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
        let count = unsafe change!.pointee.n_added
        guard count > 0 else { return }
        let connection = unsafe Unmanaged<HTTPConnection>.fromOpaque(context!)
        unsafe connection.takeUnretainedValue().received(count, buffer!)
      }, context)
    unsafe evhttp_connection_set_closecb(
      connection,
      { _, context in
        unsafe Unmanaged<HTTPConnection>.fromOpaque(context!).takeUnretainedValue().closed()
      }, context)
  }

  private func enter(_ phase: Phase) {
    self.phase = phase
    since = .now
  }

  // MARK: Receiving

  /// `count` bytes have just been added to the input; evhttp has not seen them yet.
  private func received(_ count: Int, _ input: OpaquePointer) {
    switch phase {
    case .condemned:
      unsafe evbuffer_drain(input, evbuffer_get_length(input))
      return
    case .waiting: enter(.receiving)
    case .receiving, .handling, .replying: break
    }
    guard scanner.verdict == .incomplete else { return }
    if let refusal = unsafe scan(input, last: count) {
      condemn(refusal)
      unsafe evbuffer_drain(input, evbuffer_get_length(input))
    }
  }

  /// Reads the input's last `count` bytes as a head; returns why it is refused, if it is.
  private func scan(_ input: OpaquePointer, last count: Int) -> HTTPRefusal? {
    // A head is bounded; what is beyond that need not be looked at.
    let length = unsafe evbuffer_get_length(input)
    let wanted = min(count, server.limits.headBytes + 1)
    var start = unsafe evbuffer_ptr()
    unsafe evbuffer_ptr_set(input, &start, length - count, EVBUFFER_PTR_SET)
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: wanted) { space, filled in
      unsafe filled = max(0, evbuffer_copyout_from(input, &start, space.baseAddress, wanted))
    }
    guard case .refused(let refusal) = scanner.scan(bytes.span) else { return nil }
    return refusal
  }

  /// Answers at once, past evhttp, and reads no further request.
  private func condemn(_ refusal: HTTPRefusal) {
    enter(.condemned)
    let descriptor = unsafe bufferevent_getfd(stream)
    let bytes = refusal.bytes
    _ = unsafe bytes.withUnsafeBytes {
      unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
    }
    shutdown(descriptor, Int32(SHUT_WR))
  }

  /// evhttp has read a request completely.
  func handle(_ request: OpaquePointer) {
    guard scanner.verdict == .complete else {
      // It should not be: evhttp has read a head that the scanner has not.
      close()
      return
    }
    enter(.handling)
    unsafe self.request = request
    let exchange = HTTPExchange(unsafe copy(request), connection: self)
    self.exchange = exchange
    server.onRequest(exchange)
  }

  private func copy(_ request: OpaquePointer) -> HTTPRequest {
    var headers = HTTPHeaders()
    var field = unsafe evhttp_request_get_input_headers(request).pointee.tqh_first
    while let current = unsafe field {
      unsafe headers.add(
        String(cString: current.pointee.key), String(cString: current.pointee.value))
      unsafe field = current.pointee.next.tqe_next
    }
    let input = unsafe evhttp_request_get_input_buffer(request)
    let length = unsafe evbuffer_get_length(input)
    let body = unsafe [UInt8](unsafeUninitializedCapacity: length) { space, filled in
      unsafe filled = max(0, evbuffer_copyout(input, space.baseAddress, length))
    }
    return HTTPRequest(
      // The scanner let no other method pass.
      method: scanner.method!, target: unsafe String(cString: evhttp_request_get_uri(request)),
      isHTTP11: scanner.isHTTP11, headers: headers, body: body, peer: peer)
  }

  // MARK: Answering

  /// Hands an answer to evhttp.
  func respond(_ response: HTTPResponse) {
    guard let request = unsafe request else { return }
    unsafe self.request = nil
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
    if response.status.hasBody, scanner.method != .head {
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
    enter(.waiting(isFirst: false))
    scanner = server.makeScanner()
    let input = unsafe bufferevent_get_input(stream)!
    let pipelined = unsafe evbuffer_get_length(input)
    guard pipelined > 0 else { return }
    enter(.receiving)
    guard let refusal = unsafe scan(input, last: pipelined) else { return }
    // evhttp goes on reading, and finds nothing any more.
    unsafe evbuffer_drain(input, pipelined)
    condemn(refusal)
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
    guard descriptor >= 0 else { throw .fromErrno("fcntl", "taking a stream over") }
    unsafe bufferevent_disable(stream, Int16(EV_READ | EV_WRITE))
    guard dup2(server.devNull, old) == old else {
      Glibc.close(descriptor)
      throw .fromErrno("dup2", "taking a stream over")
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
    unwatch()
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

  func closeIfIdle() {
    if case .waiting = phase { close() }
  }

  /// Ends what takes too long.
  func sweep(now: ContinuousClock.Instant) {
    let age = now - since
    let limits = server.limits
    switch phase {
    case .waiting(let isFirst):
      // An answer begun before the server was told to stop did not end its connection.
      if server.isClosing || age > (isFirst ? limits.requestTime : limits.idleTime) { close() }
    case .receiving:
      if age > limits.requestTime {
        condemn(
          HTTPRefusal(.requestTimeout, "the request took longer than \(limits.requestTime)"))
      }
    case .handling: break
    case .replying: if age > limits.replyTime { close() }
    case .condemned: if age > limits.requestTime { close() }
    }
  }
}

extension Peer {
  /// Who is at the other end of evhttp's connection.
  fileprivate init(of connection: OpaquePointer) {
    guard let address = unsafe evhttp_connection_get_addr(connection),
      unsafe address.pointee.sa_family != sa_family_t(AF_UNIX)
    else {
      self = .unix
      return
    }
    let isIPv6 = unsafe Int32(address.pointee.sa_family) == AF_INET6
    let length = isIPv6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size
    let text = unsafe Socket.describe(address, socklen_t(length))?.host ?? "unknown"
    self = .address(text)
  }
}
