package import Reactor
internal import TextCoding

/// The way from a request to its handler, for one side of the server. Made once.
///
/// A tree of all paths: a look-up follows the segments, so it doesn't walk the rows. A literal wins over a
/// parameter, whatever the order of the rows.
///
/// It says where in the rows the handler is, and doesn't know their types: generic code of another module would
/// ask Swift's runtime for them at each look-up, 7 % of a short request's instructions
/// (`Benchmarks/Micro/compare request-bare`).
package struct RouteTable: Sendable {
  /// Where a handler is.
  package struct Place: Equatable, Sendable {
    /// Its row's index.
    package let row: Int
    /// Its index in the row.
    package let handler: Int
  }

  /// Where a path leads. Those that go on are named by their index in `nodes`.
  private struct Node: Sendable {
    /// The row whose path ends here.
    var row: Int?
    var literals: [String: Int] = [:]
    var parameter: Int?
  }

  private var nodes = [Node()]
  /// Of each row, in the order of its handlers.
  private let methods: [[HTTPMethod]]
  private let allow: [[HTTPMethod]]
  /// First segments that no parameter takes, in lower case.
  private let reserved: Set<String>
  /// Each method of each row but HEAD, in the order of the rows.
  package let summaries: [RouteSummary]

  /// - Parameters:
  ///   - rows: in the order of the documentation; their paths differ.
  ///   - others: first segments that no parameter takes, in lower case, beside the literals of `rows`.
  package init<Subject, Context>(
    _ rows: [Route<Subject, Context>], reserving others: [String] = []
  ) {
    methods = rows.map { $0.handlers.map(\.method) }
    allow = rows.map(\.allow)
    reserved = Set(rows.compactMap(\.path.firstLiteral) + others)
    summaries = rows.flatMap { row in
      row.handlers.map {
        RouteSummary(method: $0.method, path: row.path, allow: row.allow, words: $0.words)
      }
    }
    for (index, row) in rows.enumerated() { insert(row.path, index) }
  }

  private mutating func insert(_ path: RoutePath, _ row: Int) {
    var node = 0
    for segment in path.segments { node = next(node, segment) }
    precondition(nodes[node].row == nil, "two rows match the path \(path)")
    nodes[node].row = row
  }

  /// The node that `segment` leads to, made if need be.
  private mutating func next(_ node: Int, _ segment: RoutePath.Segment) -> Int {
    let new = nodes.count
    switch segment {
    case .literal(let text):
      if let old = nodes[node].literals[text] { return old }
      nodes[node].literals[text] = new
    case .parameter:
      if let old = nodes[node].parameter { return old }
      nodes[node].parameter = new
    }
    nodes.append(Node())
    return new
  }

  /// What answers `method` at a path. GET's handler answers HEAD.
  ///
  /// - Parameter segments: the path's, decoded.
  /// - Throws: 404 for a path that has no row, 405 for a method that its row hasn't.
  package func place(
    for method: HTTPMethod, at segments: [String]
  ) throws(Refusal) -> Place {
    guard let row = row(at: segments) else { throw .notFound }
    guard let handler = methods[row].firstIndex(of: method == .head ? .get : method) else {
      throw .methodNotAllowed(allow[row])
    }
    return Place(row: row, handler: handler)
  }

  /// The row of what is left of a path, from a node on.
  private func row(at segments: [String], from index: Int = 0, node: Int = 0) -> Int? {
    guard index < segments.count else { return nodes[node].row }
    let segment = segments[index]
    if let next = nodes[node].literals[segment],
      let row = row(at: segments, from: index + 1, node: next)
    {
      return row
    }
    guard let next = nodes[node].parameter, index > 0 || !isReserved(segment) else { return nil }
    return row(at: segments, from: index + 1, node: next)
  }

  /// Whether a parameter in the first place never takes `segment`. ASCII case does not matter, and neither does
  /// white space around it: a name is read without that.
  package func isReserved(_ segment: String) -> Bool {
    let name = segment.trimmingWhiteSpace
    return reserved.contains(String(decoding: name.utf8.map(\.asciiLowercase), as: UTF8.self))
  }

  /// The first segments that no parameter takes, sorted.
  package var reservedSegments: [String] { reserved.sorted() }
}
