internal import Chat
internal import EventStream
internal import Hub
internal import Reactor

/// `/post`: one line into a room.
struct PostEndpoint {
  let rooms: RoomRules
  let maximumMessage: Int
  let origins: OriginPolicy
  let backplane: any Backplane

  func publish(_ context: RequestContext, _ exchange: HTTPExchange) throws(Refusal) {
    guard origins.permits(context) else { throw .otherSite }
    let form = try FormFields(of: context.request)
    guard let message = form.first("message") else {
      throw Refusal(.badRequest, "the field message is missing")
    }
    guard message.utf8.count <= maximumMessage else {
      throw Refusal(.contentTooLarge, "a message has at most \(maximumMessage) bytes")
    }
    let room = try rooms.room(named: form.first("room"))
    let (hour, minute, second) = WallClock.localTime
    let line = ChatLine(
      hour: hour, minute: minute, second: second, name: context.session?.user, message: message)
    backplane.publish(line.text, in: room) { outcome in
      switch outcome {
      case .taken: exchange.respond(HTTPResponse(.noContent))
      case .refused(let reason):
        exchange.respond(
          Refusal(.serviceUnavailable, reason, retryAfter: .seconds(1)).response)
      }
    }
  }
}
