internal import EventStream
internal import Events
internal import TextCoding

/// Why a listener that resumes can't be given everything it missed.
package enum GapReason: String, CaseIterable, Sendable {
  /// History no longer reaches back to its last id.
  case expired
  /// Its last id is of an earlier history.
  case restarted
  /// Its last id can't be read, or names a message that this history doesn't know of.
  case unknown
}

/// What a stream says of itself when history is gone, since a native EventSource sees no headers.
struct Gap {
  /// Nil: of more than one topic.
  let topic: Topic?
  let after: String?
  let oldest: EventID?
  let reason: GapReason

  /// `event: gap` with `data: {"room":…,"after":…,"oldest":…,"reason":…}`, or with `topic` in the place of
  /// `room`, or with neither.
  ///
  /// An `after` that is no id of ours is `null`.
  var event: ServerSentEvent {
    var json = JSONWriter()
    json.object { json in
      switch topic {
      case .room(let name): json.member("room", name.text)
      case .topic(let name): json.member("topic", name.text)
      case nil: break
      }
      json.member("after", after.flatMap { LastEventID.isQuotable($0) ? $0 : nil })
      json.member("oldest", oldest?.description)
      json.member("reason", reason.rawValue)
    }
    return ServerSentEvent(type: "gap", data: json.text)
  }
}

/// The id a listener says it has everything up to, as it came.
package struct LastEventID: Sendable {
  package let text: String
  let id: EventID?

  /// Takes any text; what is no id of ours resumes as `unknown`.
  package init(_ text: String) {
    self.text = text
    id = EventID(text)
  }

  /// Ids as long and as plain as ours may be echoed: 1 to 64 of `[A-Za-z0-9.:_-]`.
  static func isQuotable(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy { $0.isAlphanumeric || ".:_-".utf8.contains($0) }
  }
}
