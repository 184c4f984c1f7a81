internal import Chat
internal import Reactor
internal import Responses
internal import WebForms

/// `/static/…`: the files that the chat's pages ask for.
struct ChatFiles {
  private let files: StaticFiles

  /// - Parameter vue: Vue's runtime build.
  init(vue: [UInt8]) {
    let vue = StaticFile(
      name: "vue.js", contentType: "text/javascript; charset=utf-8", bytes: vue)
    files = StaticFiles(Asset.all.map(StaticFile.init) + [vue])
  }

  /// The path of a file below the base path, with its version, so that it can be cached for good.
  func path(of name: String) -> String {
    "/static/\(name)" + (files.version(of: name).map { "?v=\($0)" } ?? "")
  }

  func show(
    _ name: String, _ request: HTTPRequest, query: FormFields
  ) throws(Refusal) -> HTTPResponse {
    try files.show(name, request, query: query)
  }
}

extension StaticFile {
  init(_ asset: Asset) {
    self.init(name: asset.name, contentType: asset.contentType, bytes: asset.bytes)
  }

  /// The icon of all pages.
  static var icon: StaticFile {
    // The tests see to it that it is there.
    StaticFile(Asset.all.first { $0.name == "favicon.svg" }!)
  }
}
