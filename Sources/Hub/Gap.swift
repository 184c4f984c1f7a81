internal import EventStream

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
  let room: RoomName
  let after: String?
  let oldest: EventID?
  let reason: GapReason

  /// `event: gap` with `data: {"room":…,"after":…,"oldest":…,"reason":…}`.
  ///
  /// Room, reason and id consist of characters that JSON needs no escapes for; an `after` that
  /// doesn't is `null`.
  var event: ServerSentEvent {
    let after = after.flatMap { LastEventID.isQuotable($0) ? "\"\($0)\"" : nil } ?? "null"
    let oldest = oldest.map { "\"\($0)\"" } ?? "null"
    return ServerSentEvent(
      type: "gap",
      data:
        #"{"room":"\#(room)","after":\#(after),"oldest":\#(oldest),"reason":"\#(reason.rawValue)"}"#
    )
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
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: ":"),
          UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }
}
