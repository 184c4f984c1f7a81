/// Why a stream of events cannot be read on.
package enum EventStreamError: Error, Hashable, Sendable, CustomStringConvertible {
  /// One line, or one event before its blank line, is longer than the decoder was told to keep.
  case eventTooLarge(maximumEventBytes: Int)

  package var description: String {
    switch self {
    case .eventTooLarge(let maximum): "An event is larger than \(maximum) bytes."
    }
  }
}
