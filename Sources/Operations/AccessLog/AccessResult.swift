internal import Hub
internal import Reactor

/// How a request or a stream ended, as the access log says it.
struct AccessResult {
  /// What nginx calls it when the client has closed the connection before there was an answer.
  private static let noAnswer = 499

  /// The answer's status.
  let status: Int
  /// Bytes of its body.
  let bytes: Int
  /// Seconds, to the millisecond: `0.003`.
  let seconds: String
  /// Why a stream ended; nil: it was none.
  let reason: CloseReason?

  /// - Parameter status: nil: there was nobody to answer.
  init(status: HTTPStatus?, bytes: Int, duration: Duration, reason: CloseReason?) {
    self.status = status?.rawValue ?? Self.noAnswer
    self.bytes = bytes
    let milliseconds = max(0, Int(duration / .milliseconds(1)))
    let fraction = String(milliseconds % 1000)
    let zeros = String(repeating: "0", count: 3 - fraction.utf8.count)
    seconds = "\(milliseconds / 1000).\(zeros)\(fraction)"
    self.reason = reason
  }
}
