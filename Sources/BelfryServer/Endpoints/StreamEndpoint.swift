internal import Chat
internal import Events
internal import Hub
internal import Limits
internal import Operations
internal import Reactor
internal import Responses
internal import WebForms

/// `/stream`: the socket leaves evhttp and becomes a listener.
struct StreamEndpoint {
  let rooms: RoomRules
  let hub: Hub
  let backplane: any Backplane
  let streams: StreamSet
  let origins: OriginPolicy
  let head = StreamHead()
  let admission: Admission
  let accessLog: AccessLog?

  func open(_ context: RequestContext, _ exchange: HTTPExchange) {
    do throws(Refusal) {
      let rooms = try rooms(of: context)
      let format = try format(of: context)
      guard context.request.method == .get else {
        var response = HTTPResponse.streamHead
        origins.grant(context, in: &response.headers)
        exchange.respond(response)
        return
      }
      guard isAllowedToCreate(rooms, context, exchange) else { return }
      backplane.prepare(rooms, after: context.request.lastEventID(or: context.query)) {
        preparation in
        switch preparation {
        case .ready: open(rooms, as: format, context, exchange)
        case .unavailable(let reason): refuse(.backplane, reason, context, exchange)
        }
      }
    } catch {
      respond(error, context, exchange)
    }
  }

  /// Counts the rooms of a stream that are new, before the backplane makes a place for them; over the rate, the
  /// stream is refused.
  ///
  /// A stream that is refused for another reason creates nothing, so it is not counted.
  private func isAllowedToCreate(
    _ rooms: [RoomName], _ context: RequestContext, _ exchange: HTTPExchange
  ) -> Bool {
    guard admission.limits.newNamesRate != nil, refusal(of: rooms, context) == nil else {
      return true
    }
    let refusal = admission.create(
      rooms.filter { !hub.isHeld(.room($0)) }, by: context.client, now: .now)
    guard let (reason, wait) = refusal else { return true }
    refuse(
      reason, "rate limit of new rooms exceeded for this address", context, exchange, retry: wait)
    return false
  }

  /// An allowed origin may read why.
  private func respond(
    _ refusal: Refusal, _ context: RequestContext, _ exchange: HTTPExchange
  ) {
    var response = refusal.response
    origins.grant(context, in: &response.headers)
    exchange.respond(response)
  }

  private func open(
    _ rooms: [RoomName], as format: StreamFormat, _ context: RequestContext,
    _ exchange: HTTPExchange
  ) {
    if let (reason, text) = refusal(of: rooms, context) {
      let retry = reason == .stopping ? hub.goodbyeRetry() : nil
      refuse(reason, text, context, exchange, retry: retry)
      return
    }
    let socket: StreamSocket
    do throws(ReactorError) {
      socket = try exchange.detach()
    } catch {
      refuse(.descriptors, "the server has no file descriptor left", context, exchange)
      return
    }
    let framing: Framing = context.request.head.isHTTP11 ? .chunked : .plain
    let head = head.bytes(framing, and: origins.grant(context))
    // Before the hub has it, which may find it gone at once.
    admission.opened(socket, by: context.client)
    accessLog?.opened(
      socket, context.request.head, client: context.client, user: context.session?.user,
      headBytes: head.count)
    let token = hub.subscribe(
      StreamHandle(rawValue: socket.descriptor), to: Interest(rooms: rooms), as: format,
      after: context.request.lastEventID(or: context.query), framing: framing, head: head,
      now: .now)
    do throws(ReactorError) {
      try streams.add(socket, token: token.rawValue)
    } catch {
      hub.remove(token, reason: .error)
    }
  }

  /// Why there can be no stream of these rooms now; nil: there can.
  private func refusal(
    of rooms: [RoomName], _ context: RequestContext
  ) -> (reason: RefusalReason, text: String)? {
    if hub.isEnding { return (.stopping, "the server is stopping") }
    if let reason = admission.refusal(ofListener: context.client, open: hub.listenerCount) {
      let text =
        reason == .listeners
        ? "listener limit reached"
        : "listener limit reached for this address"
      return (reason, text)
    }
    return hub.hasPlaces(for: rooms) ? nil : (.rooms, "room limit reached")
  }

  private func rooms(of context: RequestContext) throws(Refusal) -> [RoomName] {
    var names: [RoomName] = []
    for text in context.query.all("room") {
      let room = try rooms.room(named: text)
      if !names.contains(room) { names.append(room) }
      guard names.count <= RoomRules.maximumPerStream else {
        throw Refusal(
          .badRequest, "a stream can follow at most \(RoomRules.maximumPerStream) rooms")
      }
    }
    if names.isEmpty { names.append(try rooms.room(named: nil)) }
    return names
  }

  /// `format=json`, or `format=text` as without it.
  private func format(of context: RequestContext) throws(Refusal) -> StreamFormat {
    switch context.query.all("format") {
    case [], ["text"]: return .text
    case ["json"]: return .json
    default: throw Refusal(.badRequest, "unknown format; write format=json or format=text")
    }
  }

  /// Says no in a way that the client recovers from.
  ///
  /// - Parameter retry: when it shall come again; nil: in 5 s, a browser somewhere around that.
  private func refuse(
    _ reason: RefusalReason, _ text: String, _ context: RequestContext, _ exchange: HTTPExchange,
    retry: Duration? = nil
  ) {
    admission.counters.count(reason)
    guard context.request.isEventSource else {
      let isOwn = reason == .listenersOfAddress || reason == .newNames
      let status: HTTPStatus = isOwn ? .tooManyRequests : .serviceUnavailable
      respond(Refusal(status, text, retryAfter: retry ?? .seconds(5)), context, exchange)
      return
    }
    var response = HTTPResponse.busy(text, retry: retry)
    origins.grant(context, in: &response.headers)
    exchange.respond(response)
  }
}
