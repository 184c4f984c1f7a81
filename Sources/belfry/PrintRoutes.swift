internal import ArgumentParser
internal import BelfryServer
internal import Reactor
internal import Responses
internal import TextCoding

/// `belfry routes`: a JSON object in each line, for scripts that write documentation. First the routes of
/// both sides, then the first segments that `/NAME` never takes.
struct PrintRoutes: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "routes", abstract: "Prints the routes as JSON, one object per line.",
    shouldDisplay: false)

  func run() {
    for (side, routes) in [("public", RouteList.publicSide), ("admin", RouteList.adminSide)] {
      for route in routes {
        print { json in
          json.member("side", side)
          json.member("method", route.method.rawValue)
          json.member("path", route.path.description)
          json.member("allow", route.allow.map(\.rawValue))
          json.member("words", route.words)
        }
      }
    }
    for segment in RouteList.reserved {
      print { $0.member("reserved", segment) }
    }
  }

  private func print(_ members: (inout JSONWriter) -> Void) {
    var json = JSONWriter()
    json.object(members)
    StandardStream.output.write(json.text + "\n")
  }
}
