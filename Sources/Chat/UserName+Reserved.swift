internal import TextCoding

extension UserName {
  /// First path segments that are the server's own, or that it keeps for itself, so nobody can sign
  /// in through a path of that name.
  private static let reserved: Set<String> = [
    ".well-known", "admin", "api", "favicon.ico", "healthz", "login", "logout", "metrics", "post",
    "readyz", "robots.txt", "static", "status", "stream",
  ]

  /// Whether the first segment of a path, decoded, is kept from names; ASCII case does not matter.
  ///
  /// The form at `/login` takes such a name all the same: only the path is ambiguous.
  package static func isReserved(pathSegment: String) -> Bool {
    let lowercased = pathSegment.utf8.map(\.asciiLowercase)
    return reserved.contains(String(decoding: lowercased, as: UTF8.self))
  }
}
