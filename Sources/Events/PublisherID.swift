/// An id that a publisher gave its event, sent to listeners as it is.
package struct PublisherID: Hashable, Sendable, CustomStringConvertible {
  /// The most bytes in UTF-8.
  package static let maximumBytes = 4096

  /// Always valid.
  package let text: String

  /// Fails on nothing, on more than `maximumBytes`, and on what would change the event's lines: CR, LF and NUL
  /// (WHATWG HTML 9.2.6 ignores an id with a NUL).
  package init?(_ text: String) {
    let isPlain = text.utf8.allSatisfy { $0 != 0 && $0 != 10 && $0 != 13 }
    guard 1...Self.maximumBytes ~= text.utf8.count, isPlain else { return nil }
    self.text = text
  }

  package var description: String { text }
}
