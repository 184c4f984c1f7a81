package import Events

/// How events are written to streams of text.
package protocol EventFormat {
  /// The `data:` of an event: it ends with the event's data, and is the same for the same event each time.
  func text(of event: Event) -> String
}

/// Sends what events say, and nothing else.
package struct PlainFormat: EventFormat {
  package init() {}
  package func text(of event: Event) -> String { event.data }
}
