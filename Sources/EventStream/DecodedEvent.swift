/// One event as a listener's code sees it (WHATWG HTML 9.2.6, "dispatch the event").
package struct DecodedEvent: Hashable, Sendable {
  /// The event's type; `message` when the stream named none.
  package var type: String
  /// The text, its lines joined by LF; bytes that are not UTF-8 became U+FFFD.
  package var data: String
  /// The last id the stream named, in this event or before it; "" when there was none.
  package var lastEventID: String
  /// Whether that id stood in this very event.
  package var namesID: Bool

  package init(
    type: String = "message", data: String, lastEventID: String = "", namesID: Bool = false
  ) {
    self.type = type
    self.data = data
    self.lastEventID = lastEventID
    self.namesID = namesID
  }
}
