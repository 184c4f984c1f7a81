import Responses
import Testing

@Suite struct RoutePathTests {
  @Test(arguments: [
    ("/", nil), ("/login", "login"), ("/NAME", nil), ("/static/FILE", "static"),
    ("/.well-known/a_b-1", ".well-known"), ("/NAME/login", nil),
  ])
  func `a path begins with a literal or a parameter`(text: String, literal: String?) {
    #expect(RoutePath(text).firstLiteral == literal)
    #expect(RoutePath(text).description == text)
  }

  @Test func `a path of any other form ends the program`() async {
    await #expect(processExitsWith: .failure) { _ = RoutePath("") }
    await #expect(processExitsWith: .failure) { _ = RoutePath("login") }
    await #expect(processExitsWith: .failure) { _ = RoutePath("/login/") }
    await #expect(processExitsWith: .failure) { _ = RoutePath("//login") }
    await #expect(processExitsWith: .failure) { _ = RoutePath("/Login") }
    await #expect(processExitsWith: .failure) { _ = RoutePath("/a b") }
    await #expect(processExitsWith: .failure) { _ = RoutePath("/é") }
  }
}
