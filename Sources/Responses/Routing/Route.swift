package import Reactor

/// A row of a table of routes: a path, and what answers each of its methods.
///
/// `Subject` has the endpoints. `Context` is the request, as they read it.
package struct Route<Subject, Context>: Sendable {
  /// Answers one method.
  package struct Handler: Sendable {
    /// The response; nil when the endpoint answers by itself, now or later.
    package typealias Answer =
      @Sendable (Subject, Context, HTTPExchange) throws(Refusal) -> HTTPResponse?

    let method: HTTPMethod
    /// What the answer is, in a line for the documentation, in Markdown.
    package let words: String
    /// Answers a request whose path and method are the row's.
    package let answer: Answer

    /// Answers GET, and HEAD too.
    package static func get(_ words: String, _ answer: @escaping Answer) -> Handler {
      Handler(method: .get, words: words, answer: answer)
    }

    /// Answers POST.
    package static func post(_ words: String, _ answer: @escaping Answer) -> Handler {
      Handler(method: .post, words: words, answer: answer)
    }
  }

  let path: RoutePath
  /// In the order of the documentation.
  package let handlers: [Handler]
  /// The value of `Allow`: the methods in their order, HEAD after GET.
  let allow: [HTTPMethod]

  /// - Parameters:
  ///   - path: as `RoutePath` takes it.
  ///   - handlers: at least one, each for another method, in the order of `Allow`.
  package init(_ path: String, _ handlers: Handler...) {
    self.path = RoutePath(path)
    self.handlers = handlers
    allow = handlers.flatMap { $0.method == .get ? [.get, .head] : [$0.method] }
    precondition(!allow.isEmpty, "\(path) takes no method")
    precondition(Set(allow).count == allow.count, "\(path) has a method twice")
  }
}
