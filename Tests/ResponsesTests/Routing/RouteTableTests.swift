import Reactor
import Responses
import Testing

@Suite struct RouteTableTests {
  private typealias Row = Route<Int, Int>

  /// A row whose handlers say `METHOD PATH`.
  private static func make(_ path: String, post: Bool = false) -> Row {
    if post { return Row(path, .post("POST \(path)") { _, _, _ in nil }) }
    return Row(path, .get("GET \(path)") { _, _, _ in nil })
  }

  private struct Table {
    let rows: [Row]
    let table: RouteTable

    init(_ rows: [Row], reserving others: [String] = []) {
      self.rows = rows
      table = RouteTable(rows, reserving: others)
    }
  }

  private func words(
    _ table: Table, _ method: HTTPMethod = .get, _ segments: String...
  ) -> String? {
    (try? table.table.place(for: method, at: segments)).map {
      table.rows[$0.row].handlers[$0.handler].words
    }
  }

  private func refusal(_ table: Table, _ method: HTTPMethod, _ segments: String...) -> Refusal? {
    do throws(Refusal) {
      _ = try table.table.place(for: method, at: segments)
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: [false, true])
  func `a literal wins over a parameter, in any order of the rows`(isReversed: Bool) {
    let paths = ["/", "/NAME", "/login", "/a/FILE", "/a/stream", "/a/FILE/x", "/a/stream/y/z"]
    let rows = paths.map { Self.make($0) }
    let table = Table(isReversed ? rows.reversed() : rows)
    #expect(words(table) == "GET /")
    #expect(words(table, .get, "login") == "GET /login")
    #expect(words(table, .get, "Ann") == "GET /NAME")
    #expect(words(table, .get, "a", "stream") == "GET /a/stream")
    #expect(words(table, .get, "a", "other") == "GET /a/FILE")
    #expect(words(table, .get, "a", "") == "GET /a/FILE")
    #expect(words(table, .get, "a", "other", "x") == "GET /a/FILE/x")
    #expect(words(table, .get, "a", "stream", "y", "z") == "GET /a/stream/y/z")
    // The literal leads nowhere here.
    #expect(words(table, .get, "a", "stream", "x") == "GET /a/FILE/x")
  }

  @Test func `a path without a row is not found, whatever the method`() {
    let table = Table([Self.make("/login"), Self.make("/a/b"), Self.make("/NAME")])
    let paths = [
      [], ["login", ""], ["a"], ["a", "c"], ["a", "b", "c"], ["x", "y"], ["LOGIN"], ["A"],
    ]
    for method in [HTTPMethod.get, .head, .post, .delete] {
      for path in paths {
        #expect(throws: Refusal.notFound) { try table.table.place(for: method, at: path) }
      }
    }
  }

  @Test func `a method that its row hasn't is refused with those it has, in their order`() {
    let form = Row(
      "/form", .post("sends") { _, _, _ in nil }, .get("shows") { _, _, _ in nil })
    let table = Table([Self.make("/"), Self.make("/post", post: true), form])
    #expect(refusal(table, .post) == .methodNotAllowed([.get, .head]))
    #expect(refusal(table, .head, "post") == .methodNotAllowed([.post]))
    #expect(refusal(table, .put, "form") == .methodNotAllowed([.post, .get, .head]))
    #expect(refusal(table, .post, "form") == nil)
  }

  @Test func `HEAD has the handler of GET`() {
    let table = Table([Self.make("/login"), Self.make("/NAME")])
    #expect(words(table, .head, "login") == "GET /login")
    #expect(words(table, .head, "Ann") == "GET /NAME")
  }

  @Test func `a parameter in the first place takes no literal of a row, and nothing kept`() {
    let table = Table(
      [Self.make("/NAME"), Self.make("/NAME/x"), Self.make("/static/FILE")],
      reserving: ["api", "robots.txt"])
    #expect(table.table.reservedSegments == ["api", "robots.txt", "static"])
    for segment in [
      "static", "Static", "api", "API", "robots.TXT", " api", "API\u{A0}\t", "static ",
    ] {
      #expect(table.table.isReserved(segment))
      #expect(refusal(table, .get, segment) == .notFound)
      #expect(refusal(table, .get, segment, "x") == (segment == "static" ? nil : .notFound))
    }
    for segment in ["", " ", "apı", "apis", "ap", "a pi", "ＡＰＩ", "robots"] {
      #expect(!table.table.isReserved(segment))
      #expect(words(table, .get, segment) == "GET /NAME")
    }
    // Further down there is nothing to keep.
    #expect(words(table, .get, "static", "api") == "GET /static/FILE")
  }

  @Test func `a table says its rows in their order`() {
    let form = Row(
      "/form", .get("shows") { _, _, _ in nil }, .post("sends") { _, _, _ in nil })
    let said = RouteTable([form, Self.make("/")]).summaries
    #expect(said.map(\.method) == [.get, .post, .get])
    #expect(said.map(\.path.description) == ["/form", "/form", "/"])
    #expect(said.map(\.words) == ["shows", "sends", "GET /"])
    #expect(said.map(\.allow) == [[.get, .head, .post], [.get, .head, .post], [.get, .head]])
  }

  @Test func `rows that contradict each other end the program`() async {
    await #expect(processExitsWith: .failure) {
      _ = RouteTable([Self.make("/a/NAME"), Self.make("/a/FILE")])
    }
    await #expect(processExitsWith: .failure) { _ = RouteTable([Self.make("/"), Self.make("/")]) }
    await #expect(processExitsWith: .failure) { _ = Row("/") }
    await #expect(processExitsWith: .failure) {
      _ = Row("/", .get("a") { _, _, _ in nil }, .get("b") { _, _, _ in nil })
    }
  }
}
