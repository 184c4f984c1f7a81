internal import Chat
internal import Crypto
internal import Reactor
internal import WebForms

/// `/static/…`: a page's script and style from memory.
struct StaticEndpoint {
  private struct File {
    let contentType: String
    let bytes: [UInt8]
    /// Names the content: the beginning of its SHA-256, in hex.
    let version: String

    init(contentType: String, bytes: [UInt8]) {
      self.contentType = contentType
      self.bytes = bytes
      version = Array(SHA256.hash(bytes).prefix(8)).hexadecimal
    }
  }

  private let files: [String: File]

  /// - Parameter assets: the files, whose names differ.
  init(_ assets: [Asset]) {
    var files: [String: File] = [:]
    for asset in assets {
      files[asset.name] = File(contentType: asset.contentType, bytes: asset.bytes)
    }
    self.files = files
  }

  /// The chat's files.
  ///
  /// - Parameter vue: Vue's runtime build.
  init(vue: [UInt8]) {
    let vue = Asset(name: "vue.js", contentType: "text/javascript; charset=utf-8", bytes: vue)
    self.init(Asset.all + [vue])
  }

  /// The path of a file below the base path, with its version, so that it can be cached for good.
  func path(of name: String) -> String {
    "/static/\(name)" + (files[name].map { "?v=\($0.version)" } ?? "")
  }

  func show(
    _ name: String, _ request: HTTPRequest, query: FormFields
  ) throws(Refusal) -> HTTPResponse {
    guard let file = files[name] else { throw .notFound }
    let tag = "\"\(file.version)\""
    let isVersioned = query.first("v") == file.version
    var response = HTTPResponse(
      .ok,
      headers: [
        ("ETag", tag),
        (
          "Cache-Control",
          isVersioned ? "public, max-age=31536000, immutable" : "public, no-cache"
        ),
      ])
    if request.head.all("If-None-Match").contains(where: { Self.matches($0, tag) }) {
      response.status = .notModified
      return response
    }
    response.headers.add("Content-Type", file.contentType)
    response.headers.add("X-Content-Type-Options", "nosniff")
    response.body = file.bytes
    return response
  }

  /// Weak comparison of a list of entity tags (RFC 9110, section 13.1.2).
  private static func matches(_ list: String, _ tag: String) -> Bool {
    list.split(separator: ",").contains { entry in
      let entry = entry.drop { $0 == " " }.prefix { $0 != " " }
      return entry == "*" || entry == tag || entry == "W/\(tag)"
    }
  }
}
