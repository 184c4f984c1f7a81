internal import TextCoding

/// What all paths of a server begin with: nothing, or `/` and segments.
///
/// Letters, digits and `-._~` alone, no empty segment and none of dots, since it stands in headers,
/// pages and cookies as it is: a `//host` in a redirect would lead to another site.
package struct BasePath: Hashable, Sendable {
  /// Empty, or with a `/` before and none behind, such as `/chat`.
  package let text: String

  /// One slash at the end is taken off.
  package init?(_ text: String) {
    let path = text.hasSuffix("/") ? String(text.dropLast()) : text
    let isPath = path.isEmpty || path.hasPrefix("/")
    let isPlain = path.utf8.allSatisfy { $0.isAlphanumeric || "/-._~".utf8.contains($0) }
    let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    let isNormal = segments.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
    guard isPath, isPlain, isNormal else { return nil }
    self.text = path
  }
}
