package import Reactor

/// What a row says of one of its methods, for the documentation.
package struct RouteSummary: Hashable, Sendable {
  /// Never HEAD, which goes with GET.
  package let method: HTTPMethod
  /// As the row has it.
  package let path: RoutePath
  /// All methods of the path, as `Allow` has them.
  package let allow: [HTTPMethod]
  /// What the answer is, in a line of Markdown.
  package let words: String
}
