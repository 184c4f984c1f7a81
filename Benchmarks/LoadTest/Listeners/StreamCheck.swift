internal import BelfryClient
internal import Reactor

/// Whether a response is a stream of events that can be read.
enum StreamCheck {
  /// - Parameter path: what was asked for.
  /// - Throws: what is wrong with it.
  static func check(_ head: ResponseHead, path: String) throws(ResponseError) {
    guard head.status == 200 else {
      throw ResponseError("GET \(path) was answered \(head.status) \(head.reason), not 200")
    }
    guard head.contentType == "text/event-stream" else {
      throw ResponseError(
        "GET \(path) was answered with \(head.contentType.debugDescription), not with "
          + "text/event-stream: is it the right path?")
    }
    let coding = head.headers["Content-Encoding"] ?? "identity"
    guard coding.lowercased() == "identity" else {
      throw ResponseError(
        "the stream is compressed (\(coding)), but the client did not ask for that")
    }
  }
}
