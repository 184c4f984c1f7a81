/// Where a server listens: a TCP address and port, or a path in the file system.
package enum ListenAddress: Hashable, Sendable, CustomStringConvertible {
  /// Host is a numeric address, a name, or `*` for all; port 0 lets the kernel choose.
  case tcp(host: String, port: UInt16)
  case unix(path: String)

  /// Parses `127.0.0.1:5000`, `[::1]:5000`, `localhost:5000`, `*:5000` or `unix:/path`; nil for
  /// anything else.
  package init?(_ text: String) {
    if text.hasPrefix("unix:") {
      let path = String(text.dropFirst(5))
      // > sun_path: 108 bytes with the NUL (unix(7))
      guard !path.isEmpty, path.utf8.count < 108, !path.utf8.contains(0) else { return nil }
      self = .unix(path: path)
      return
    }
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]),
      !text[text.index(after: colon)...].hasPrefix("+")
    else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    guard !host.isEmpty, !host.utf8.contains(0) else { return nil }
    self = .tcp(host: String(host), port: port)
  }

  package var description: String {
    switch self {
    case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    case .unix(let path): "unix:\(path)"
    }
  }
}
