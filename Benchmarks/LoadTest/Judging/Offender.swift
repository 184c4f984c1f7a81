/// A wrong delivery, in words.
package struct Offender: Codable, Equatable, Sendable {
  /// When it came, in nanoseconds of `MonotonicClock`; `UInt64.max` for what did not.
  package let moment: UInt64
  package let text: String

  package init(moment: UInt64, text: String) {
    self.moment = moment
    self.text = text
  }
}
