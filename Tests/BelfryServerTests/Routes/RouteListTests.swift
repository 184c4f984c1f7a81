import Reactor
import Responses
import TestSupport
import Testing

@testable import BelfryServer

/// Every row, on real sockets. What an endpoint answers is tested with the endpoint.
@Suite struct RouteListTests {
  private static let methods = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH",
  ]
  /// What stands for the parameters of the public side, and of the operators'.
  private static let publicValues = ["NAME": "Ann", "FILE": "vue.js"]
  private static let adminValues = ["FILE": "status.js"]

  private func server() throws -> TestServer {
    try TestServer { $0.adminListen = [.tcp(host: "127.0.0.1", port: 0)] }
  }

  /// The path with `values` for its parameters; a parameter without one stays, and finds nothing.
  private func target(_ path: RoutePath, _ values: [String: String]) -> String {
    let segments = path.description.split(separator: "/").map { values[String($0)] ?? String($0) }
    return "/" + segments.joined(separator: "/")
  }

  /// The head of an answer, as soon as it is there: a stream has no end.
  private func head(_ method: String, _ target: String, port: UInt16) throws -> Response {
    let client = try Client(port: port)
    let length = method == "POST" ? "Content-Length: 0\r\n" : ""
    try client.send("\(method) \(target) HTTP/1.1\r\nHost: a\r\n\(length)\r\n")
    let text = try client.receive(until: "\r\n\r\n")
    return Response(head: String(text.prefix(upTo: text.firstRange(of: "\r\n\r\n")!.lowerBound)))
  }

  /// All that comes for HEAD until the connection ends.
  private func everything(ofHead target: String, port: UInt16) throws -> String {
    let client = try Client(port: port)
    try client.send("HEAD \(target) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    return String(decoding: try client.receiveAll(), as: UTF8.self)
  }

  /// Each method of each path is answered, or refused with the row's `Allow`.
  private func check(
    _ routes: [RouteSummary], _ values: [String: String], port: UInt16
  ) throws {
    for route in routes {
      let target = target(route.path, values)
      let allow = route.allow.map(\.rawValue)
      #expect(allow.contains(route.method.rawValue))
      for method in Self.methods {
        let response = try head(method, target, port: port)
        if allow.contains(method) {
          #expect(![404, 405].contains(response.status), "\(method) \(target)")
          #expect(response.status < 500, "\(method) \(target)")
        } else {
          #expect(response.status == 405, "\(method) \(target)")
          #expect(response["Allow"] == allow.joined(separator: ", "), "\(method) \(target)")
        }
      }
      guard allow.contains("HEAD") else { continue }
      let get = try head("GET", target, port: port)
      let text = try everything(ofHead: target, port: port)
      #expect(text.firstRange(of: "\r\n\r\n")?.upperBound == text.endIndex, "\(target)")
      let only = Response(head: text)
      #expect(only.status == get.status, "\(target)")
      #expect(only["Content-Type"] == get["Content-Type"], "\(target)")
    }
  }

  @Test func `each public row answers its methods, and refuses all others with them`() throws {
    let server = try server()
    defer { server.stop() }
    #expect(!RouteList.publicSide.isEmpty)
    try check(RouteList.publicSide, Self.publicValues, port: server.port)
  }

  @Test func `each row of the operators' side answers GET and HEAD, and nothing else`() throws {
    let server = try server()
    defer { server.stop() }
    #expect(!RouteList.adminSide.isEmpty)
    #expect(RouteList.adminSide.allSatisfy { $0.allow == [.get, .head] })
    try check(RouteList.adminSide, Self.adminValues, port: server.adminPort)
  }

  @Test func `the first segments of all rows are reserved, and the few that are kept`() {
    let rows = (RouteList.publicSide + RouteList.adminSide).compactMap(\.path.firstLiteral)
    let kept = [".well-known", "admin", "api", "favicon.ico", "robots.txt"]
    #expect(RouteList.reserved == Set(rows + kept).sorted())
  }

  @Test(arguments: [
    "login", "logout", "post", "stream", "static", "favicon.ico", "robots.txt", ".well-known",
    "healthz", "readyz", "metrics", "status", "admin", "api", "LOGIN", "Favicon.ICO", "Api",
    "login ",
    "\tlogin", "\u{3000}Stream\u{A0}",
  ])
  func `the server's own paths are reserved`(segment: String) {
    #expect(Router.routes.isReserved(segment))
  }

  @Test(arguments: ["", " ", "ann", "log in", "logins", "apı", "API2", "ｌｏｇｉｎ", "小明", "login/x"])
  func `all other paths are free`(segment: String) {
    #expect(!Router.routes.isReserved(segment))
  }

  @Test func `nobody signs in through a reserved path`() throws {
    let server = try server()
    defer { server.stop() }
    for segment in RouteList.reserved {
      for written in [
        segment.uppercased(), "\(segment)%20", "%20\(segment)", "%E3%80%80\(segment)%C2%A0",
      ] {
        let response = try server.get("/\(written)")
        #expect(response.status == 404 && response.cookie == nil, "\(written)")
        #expect(try server.post("/\(written)", "").status == 404, "\(written)")
      }
    }
    #expect(try server.get("/api2").cookie != nil)
  }
}
