internal import Reactor

/// A whole answer to a request.
package struct Answer: Sendable {
  package let head: ResponseHead
  package let body: [UInt8]

  /// In one line: what the server says in plain text, or else the status.
  package var reason: String {
    let status = "\(head.status) \(head.reason)"
    guard head.contentType == "text/plain" else { return status }
    let line = String(decoding: body, as: UTF8.self).prefix { !$0.isNewline }
    return line.isEmpty ? status : String(line)
  }

  /// How long the server asks to be left alone, where it does (RFC 9110, section 10.2.3); dates are not
  /// read.
  package var retryAfter: Duration? { head.retryAfter }
}

extension ResponseHead {
  /// The seconds of `Retry-After`, an hour at most.
  package var retryAfter: Duration? {
    guard let text = headers["Retry-After"], let seconds = Int(text), seconds >= 0 else {
      return nil
    }
    return .seconds(min(seconds, 3600))
  }

  /// Whether a server that answers so may answer otherwise a little later.
  package var isTemporary: Bool { [429, 500, 502, 503, 504].contains(status) }
}
