package import Reactor
internal import TextCoding

/// Where a Belfry is: `http://HOST[:PORT][/BASE]`, or `unix:PATH[:/BASE]` for one behind a Unix socket.
package struct ServerURL: Hashable, Sendable {
  /// What is wrong with one.
  package struct Malformed: Error, Equatable, CustomStringConvertible {
    package let description: String
  }

  package let address: ListenAddress
  /// What a `Host` field says.
  package let host: String
  /// What all paths begin with: empty, or `/` and a path without a `/` at its end.
  package let basePath: String

  package init(_ text: String) throws(Malformed) {
    let rest: Substring
    var base: Substring
    let lowercased = text.lowercased()
    if lowercased.hasPrefix("http://") {
      rest = text.dropFirst(7).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
      base = text.dropFirst(7 + rest.count)
      host = String(rest)
      let hasPort = rest.contains(":") && !rest.hasSuffix("]")
      guard !rest.contains("@"), !rest.hasPrefix("*"),
        rest.utf8.allSatisfy(\.isVisible),
        let address = ListenAddress(hasPort ? host : host + ":80"),
        case .tcp(_, let port) = address, port > 0
      else { throw Self.malformed(text) }
      self.address = address
    } else if lowercased.hasPrefix("unix:") {
      let parts = text.dropFirst(5).split(
        separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      base = parts.count > 1 ? parts[1] : ""
      host = "localhost"
      guard let address = ListenAddress("unix:\(parts[0])") else { throw Self.malformed(text) }
      self.address = address
    } else if lowercased.hasPrefix("https://") {
      throw Malformed(
        description: """
          \(text): https is not spoken here; ask the server behind the proxy by http:// or unix:, or \
          use curl, such as curl -N \(text)/stream
          """)
    } else {
      throw Self.malformed(text)
    }
    while base.hasSuffix("/") { base.removeLast() }
    guard base.isEmpty || base.hasPrefix("/"),
      base.utf8.allSatisfy({ $0.isVisible && $0 != UInt8(ascii: "?") })
    else { throw Self.malformed(text) }
    basePath = String(base)
  }

  private static func malformed(_ text: String) -> Malformed {
    Malformed(
      description:
        "\(text.debugDescription) is not a valid address: use http://HOST[:PORT][/BASE] or unix:PATH[:/BASE]"
    )
  }
}
