package import Reactor
internal import TextCoding

/// The routes of one side of the server, and the way from a request to its handler.
///
/// Made once. A look-up follows the segments through a tree of all paths, so it doesn't walk the rows. A
/// literal wins over a parameter, whatever the order of the rows.
package struct RouteTable<Subject, Context>: Sendable {
  private let rows: [Route<Subject, Context>]
  private let root: Node
  /// First segments that no parameter takes, in lower case.
  private let reserved: Set<String>

  /// - Parameters:
  ///   - rows: in the order of the documentation; their paths differ.
  ///   - others: first segments that no parameter takes, in lower case, beside the literals of `rows`.
  package init(_ rows: [Route<Subject, Context>], reserving others: [String] = []) {
    self.rows = rows
    var root = Node()
    for row in rows { root.insert(row, at: row.path.segments[...]) }
    self.root = root
    reserved = Set(rows.compactMap(\.path.firstLiteral) + others)
  }

  /// What answers `method` at a path.
  ///
  /// - Parameter segments: the path's, decoded.
  /// - Throws: 404 for a path that has no row, 405 for a method that its row hasn't.
  package func handler(
    for method: HTTPMethod, at segments: [String]
  ) throws(Refusal) -> Route<Subject, Context>.Handler {
    guard let route = route(at: segments) else { throw .notFound }
    return try route.handler(for: method)
  }

  private func route(at segments: [String]) -> Route<Subject, Context>? {
    guard let first = segments.first else { return root.route }
    let rest = segments.dropFirst()
    if let below = root.literals[first] { return below.route(at: rest) }
    return isReserved(first) ? nil : root.parameter.first?.route(at: rest)
  }

  /// Whether a parameter in the first place never takes `segment`; ASCII case does not matter.
  package func isReserved(_ segment: String) -> Bool {
    reserved.contains(String(decoding: segment.utf8.map(\.asciiLowercase), as: UTF8.self))
  }

  /// The first segments that no parameter takes, sorted.
  package var reservedSegments: [String] { reserved.sorted() }

  /// Each method of each row but HEAD, in the order of the rows.
  package var summaries: [RouteSummary] {
    rows.flatMap { row in
      row.handlers.map {
        RouteSummary(method: $0.method, path: row.path, allow: row.allow, words: $0.words)
      }
    }
  }
}

extension RouteTable {
  /// A place in the tree of paths.
  private struct Node: Sendable {
    /// The row whose path ends here.
    var route: Route<Subject, Context>?
    var literals: [String: Node] = [:]
    /// One at most; a struct can't hold another of its kind, an array can.
    var parameter: [Node] = []

    mutating func insert(
      _ row: Route<Subject, Context>, at segments: ArraySlice<RoutePath.Segment>
    ) {
      switch segments.first {
      case .literal(let text)?:
        literals[text, default: Node()].insert(row, at: segments.dropFirst())
      case .parameter?:
        if parameter.isEmpty { parameter = [Node()] }
        parameter[0].insert(row, at: segments.dropFirst())
      case nil:
        precondition(route == nil, "two rows match the path \(row.path)")
        route = row
      }
    }

    /// The row of a path below this place.
    func route(at segments: ArraySlice<String>) -> Route<Subject, Context>? {
      guard let first = segments.first else { return route }
      let rest = segments.dropFirst()
      return literals[first]?.route(at: rest) ?? parameter.first?.route(at: rest)
    }
  }
}
