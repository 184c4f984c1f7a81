internal import TextCoding

/// Where a Redis is, who to say one is, and which of its databases is meant.
///
/// Its description, which logs may show, leaves the password out.
package struct RedisAddress: Hashable, Sendable {
  /// The end of the connection.
  package enum Place: Hashable, Sendable {
    /// Host is a numeric address or a name.
    case tcp(host: String, port: UInt16)
    case unix(path: String)
  }

  package var place: Place
  /// For ACLs; nil is Redis' `default` user.
  package var user: String?
  package var password: String?
  /// 0 unless told.
  package var database = 0

  package init(
    _ place: Place, user: String? = nil, password: String? = nil, database: Int = 0
  ) {
    self.place = place
    self.user = user
    self.password = password
    self.database = database
  }

  /// Parses `redis://[[user]:password@]host[:port][/db]`, `unix:/path[?db=N]` or
  /// `unix://[user]:password@/path[?db=N]`; nil for anything else.
  ///
  /// User, password and path may be percent-encoded; the port is 6379 unless told.
  package init?(_ text: String) {
    if text.hasPrefix("redis://") {
      self.init(redis: text.dropFirst(8))
    } else if text.hasPrefix("unix:") {
      self.init(unix: text.dropFirst(5))
    } else {
      return nil
    }
  }

  private init?(redis text: Substring) {
    guard let (user, password, rest) = Self.credentials(of: text) else { return nil }
    let parts = rest.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    // A host without a port is one with the default port.
    let authority = String(parts[0])
    let hasPort = authority.hasSuffix("]") ? false : authority.contains(":")
    guard
      case .tcp(let host, let port)? = ListenAddress(hasPort ? authority : authority + ":6379"),
      host != "*", port != 0,
      // What stands behind these is no host's, and may be a password.
      !host.contains(where: { "?#@ \t".contains($0) })
    else { return nil }
    place = .tcp(host: host, port: port)
    self.user = user
    self.password = password
    if parts.count == 2, !parts[1].isEmpty {
      guard let database = Self.database(parts[1]) else { return nil }
      self.database = database
    }
  }

  private init?(unix text: Substring) {
    var rest = text
    if text.hasPrefix("//") {
      guard let (user, password, path) = Self.credentials(of: text.dropFirst(2)) else { return nil }
      self.user = user
      self.password = password
      rest = path
    }
    let parts = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts[0].hasPrefix("/"), let path = Self.decoded(parts[0]),
      // What fits an address of the kernel's.
      ListenAddress("unix:" + path) != nil
    else { return nil }
    place = .unix(path: path)
    if parts.count == 2 {
      guard parts[1].hasPrefix("db="), let database = Self.database(parts[1].dropFirst(3)) else {
        return nil
      }
      self.database = database
    }
  }

  /// Takes `user:password@` off the front.
  private static func credentials(of text: Substring) -> (
    user: String?, password: String?, rest: Substring
  )? {
    guard let at = text.lastIndex(of: "@") else { return (nil, nil, text) }
    let parts = text[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let user = decoded(parts[0]), let password = decoded(parts[1]),
      !password.isEmpty
    else { return nil }
    return (user.isEmpty ? nil : user, password, text[text.index(after: at)...])
  }

  private static func database(_ text: Substring) -> Int? {
    guard text.utf8.allSatisfy(\.isDigit) else { return nil }
    return Int(text)
  }

  private static func decoded(_ text: Substring) -> String? {
    PercentCoding.decode(Array(text.utf8)[...]).flatMap { String(validating: $0, as: UTF8.self) }
  }
}

extension RedisAddress: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String {
    switch place {
    case .tcp(let host, let port):
      "redis://\(ListenAddress.tcp(host: host, port: port))/\(database)"
    case .unix(let path): "unix:\(path)?db=\(database)"
    }
  }

  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
