internal import Reactor
internal import Responses
internal import WebForms

/// `/status`: the page that shows the figures, and `/status/…`, its files.
struct StatusPage {
  private let html = String(decoding: PackageResources.status_html, as: UTF8.self)
  private let files: StaticFiles

  /// - Parameter icon: a further file, which the page names as its icon.
  init(icon: StaticFile) {
    files = StaticFiles([
      Self.script("status.js", PackageResources.status_js),
      Self.script("elements.js", PackageResources.elements_js),
      Self.script("figures.js", PackageResources.figures_js),
      Self.script("ledger.js", PackageResources.ledger_js),
      Self.script("numbers.js", PackageResources.numbers_js),
      Self.script("points.js", PackageResources.points_js),
      Self.script("stream.js", PackageResources.stream_js),
      Self.script("tile.js", PackageResources.tile_js),
      StaticFile(
        name: "status.css", contentType: "text/css; charset=utf-8",
        bytes: PackageResources.status_css),
      icon,
    ])
  }

  private static func script(_ name: String, _ bytes: [UInt8]) -> StaticFile {
    StaticFile(name: name, contentType: "text/javascript; charset=utf-8", bytes: bytes)
  }

  func show() -> HTTPResponse { .page(html) }

  func show(
    _ name: String, _ request: HTTPRequest, query: FormFields
  ) throws(Refusal) -> HTTPResponse {
    try files.show(name, request, query: query)
  }
}
