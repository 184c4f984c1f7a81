package import Hub
package import Reactor
package import WebForms

/// What a request for a stream says.
extension HTTPRequest {
  /// What the listener has already: the browser's own header on a reconnect, or the query's word on
  /// the first connection.
  package func lastEventID(or query: FormFields) -> LastEventID? {
    let text = head["Last-Event-ID"] ?? query.first("last_event_id")
    return text.flatMap { $0.isEmpty ? nil : LastEventID($0) }
  }

  /// Whether a browser's EventSource asks, which gives up for good on any status but 200 (WHATWG HTML
  /// 9.2.3).
  package var isEventSource: Bool {
    head["Accept"]?.lowercased().contains("text/event-stream") ?? false
  }
}
