/// One line of the chat room, `[HH:MM:SS] NAME: MESSAGE`.
package struct ChatLine: Hashable, Sendable, CustomStringConvertible {
  /// What stands for the name of somebody who has not signed in.
  package static let anonymous = "anonymous"

  /// The hour of the server's day, 0...23.
  package let hour: Int
  /// The minute, 0...59.
  package let minute: Int
  /// The second, 0...60, the last one being a leap second.
  package let second: Int
  /// Who says it; nil for somebody who has not signed in.
  package let name: String?
  /// What is said, untouched.
  package let message: String

  /// Traps on a time of day that no clock shows.
  package init(hour: Int, minute: Int, second: Int, name: String?, message: String) {
    precondition(0...23 ~= hour && 0...59 ~= minute && 0...60 ~= second)
    self.hour = hour
    self.minute = minute
    self.second = second
    self.name = name
    self.message = message
  }

  /// The line as it is sent and shown.
  package var text: String {
    "[\(Self.padded(hour)):\(Self.padded(minute)):\(Self.padded(second))] "
      + "\(name ?? Self.anonymous): \(message)"
  }

  package var description: String { text }

  private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
