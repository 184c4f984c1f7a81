internal import Chat
internal import Events
internal import Hub
internal import Limits
internal import Reactor
internal import Responses
internal import TextCoding
internal import WebForms

/// `/post`: one line into a room.
struct PostEndpoint {
  let rooms: RoomRules
  let maximumMessage: Int
  let origins: OriginPolicy
  let hub: Hub
  let backplane: any Backplane
  let admission: Admission

  func publish(_ context: RequestContext, _ exchange: HTTPExchange) throws(Refusal) {
    guard origins.permits(context) else { throw .otherSite }
    let form = try FormFields(of: context.request)
    guard let message = form.first("message") else {
      throw Refusal(.badRequest, "the message field is missing")
    }
    guard message.utf8.count <= maximumMessage else {
      throw Refusal(.contentTooLarge, "the message is longer than \(maximumMessage) bytes")
    }
    let room = try rooms.room(named: form.first("room"))
    let key = try key(of: form)
    let client = try client(of: form)
    let session = context.session
    try admit(context, session?.user, room)
    var event = Event(
      .room(room), message, time: EventTime(milliseconds: WallClock.milliseconds), isChat: true)
    event.sender = session?.sender
    if let key {
      event.key = key
      event.keyScope = scope(of: client, event.sender, context)
    }
    backplane.publish(event) { outcome in
      switch outcome {
      case .taken: exchange.respond(HTTPResponse(.noContent))
      case .refused(let reason):
        admission.counters.count(.publish)
        exchange.respond(
          Refusal(.serviceUnavailable, reason, retryAfter: .seconds(1)).response)
      case .limited(let reason, let wait):
        admission.counters.count(.postsOfAddress)
        exchange.respond(Refusal(.tooManyRequests, reason, retryAfter: wait).response)
      case .unknown(let reason):
        // Tried again without a key, it may be published twice: nobody is invited to that.
        let retry: Duration? = key == nil ? nil : .seconds(1)
        exchange.respond(Refusal(.gatewayTimeout, reason, retryAfter: retry).response)
      }
    }
  }

  /// Counts a message against the rates; one too many is refused.
  private func admit(
    _ context: RequestContext, _ name: String?, _ room: RoomName
  ) throws(Refusal) {
    let refusal = admission.post(
      by: context.client, as: name, unheld: hub.isHeld(.room(room)) ? nil : room, now: .now)
    guard let (reason, wait) = refusal else { return }
    admission.counters.count(reason)
    let text =
      switch reason {
      case .newNames: "rate limit of new rooms exceeded for this address"
      case .postsOfName: "rate limit exceeded for this name"
      default: "rate limit exceeded for this address"
      }
    throw Refusal(.tooManyRequests, text, retryAfter: wait)
  }

  /// What makes trying again safe: a message is published once under a key.
  private func key(of form: FormFields) throws(Refusal) -> String? {
    guard let key = form.first("key") else { return nil }
    // An empty one is refused too: who sends it believes that trying again is safe.
    guard 1...Self.maximumKey ~= key.utf8.count, key.utf8.allSatisfy(\.isVisible) else {
      throw Refusal(
        .badRequest,
        "a key must be 1 to \(Self.maximumKey) printable ASCII characters without spaces")
    }
    return key
  }

  /// The random id that scopes the client's keys.
  private func client(of form: FormFields) throws(Refusal) -> ClientID? {
    guard let text = form.first("client") else { return nil }
    guard let client = ClientID(text) else {
      throw Refusal(.badRequest, "a client id must be 16 to 64 characters of A-Z a-z 0-9 _ -")
    }
    return client
  }

  /// Whose a key is; its share is counted by address, whatever the scope.
  private func scope(
    of client: ClientID?, _ sender: Sender?, _ context: RequestContext
  ) -> KeyScope {
    let peer = context.client
    let payer = peer.countedAddress.map { "\($0)" }
    if let client { return KeyScope(client: client, payer: payer) }
    if let session = sender?.id { return KeyScope(session: session, payer: payer) }
    return KeyScope(address: "\(peer)", payer: payer)
  }

  /// Bytes of a key; a UUID has 36.
  private static let maximumKey = 128
}
