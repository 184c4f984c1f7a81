internal import EventStream
internal import Events
internal import TextCoding

/// What the `data:` of a stream's events is.
package enum StreamFormat: UInt8, Sendable, CaseIterable {
  /// A text, as the hub's `EventFormat` has it.
  case text
  /// A JSON object with the event's fields.
  case json
}

extension Event {
  /// The fields as a JSON object; what an event doesn't have is `null`.
  ///
  /// - Parameter id: its id in this history; nil when it has none.
  func json(id: EventID?) -> String {
    var json = JSONWriter()
    json.object { json in
      json.member("id", id?.description)
      if let room {
        json.member("room", room.text)
      } else {
        json.member("topics", topics.map(\.text))
      }
      json.member("type", type ?? "message")
      json.member("time", time.text)
      if let sender {
        json.member("sender") { json in
          json.member("name", sender.name)
          json.member("id", sender.id?.text)
        }
      } else {
        json.member("sender", nil as String?)
      }
      json.member("key", key)
      json.member("text", data)
    }
    return json.text
  }
}

extension Frame {
  /// The same message as streams of JSON are sent it; only feeds keep it.
  convenience init(jsonOf frame: Frame, _ event: Event, epoch: Epoch) {
    let id = frame.number > 0 ? EventID(epoch: epoch, number: frame.number) : nil
    let sent = ServerSentEvent(
      type: event.type, id: id, data: event.json(id: id), retry: event.retry)
    self.init(
      sent, number: frame.number, position: frame.position, time: frame.time,
      isPrivate: event.isPrivate)
  }
}
