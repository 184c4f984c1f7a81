internal import EventStream
package import Reactor

/// Answers to a request for a stream that open none.
extension HTTPResponse {
  /// The head alone, for `HEAD`.
  package static var streamHead: HTTPResponse {
    var response = HTTPResponse(.ok, headers: StreamHead.headers)
    response.length = nil
    response.closesConnection = true
    return response
  }

  /// A refusal that an EventSource recovers from: a stream that ends at once.
  ///
  /// - Parameters:
  ///   - text: why, in words.
  ///   - retry: when it shall come again; nil: somewhere around 5 s from now.
  package static func busy(_ text: String, retry: Duration? = nil) -> HTTPResponse {
    let retry = retry ?? .milliseconds(Int.random(in: 2500...7500))
    var body: [UInt8] = []
    ServerSentEvent(type: "busy", data: text, retry: retry).encode(into: &body)
    var response = HTTPResponse(.ok, headers: StreamHead.headers, body: body)
    response.closesConnection = true
    return response
  }
}
