internal import TextCoding

/// An origin as browsers send it: `https://example.org` (RFC 6454, section 6.2).
struct OriginText: Hashable, Sendable {
  /// In lower case, without the scheme's own port.
  let text: String

  /// Fails unless `text` is `http://` or `https://`, a host, and perhaps a port.
  init?(_ text: String) {
    let parts = text.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[1].isEmpty, !parts[2].isEmpty, !parts[2].contains("/"),
      parts[2].utf8.allSatisfy(\.isVisible)
    else { return nil }
    let port: String
    switch parts[0] {
    case "http:": port = ":80"
    case "https:": port = ":443"
    default: return nil
    }
    let origin = text.lowercased()
    // > If the port part of the origin triple is different from the default port for the protocol […]
    // > append the port
    self.text = origin.hasSuffix(port) ? String(origin.dropLast(port.utf8.count)) : origin
  }
}
