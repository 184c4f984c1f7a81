internal import Reactor
internal import Responses
internal import TextCoding

/// `/api/example`: shows how a route is added.
struct ExampleEndpoint {
  func show() -> HTTPResponse {
    .json(.ok) { $0.member("example", true) }
  }
}
