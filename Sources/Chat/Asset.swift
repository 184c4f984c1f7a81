/// A file that a page asks for.
package struct Asset: Sendable {
  /// The file's name, without a folder.
  package let name: String
  /// The value of `Content-Type`.
  package let contentType: String
  /// The file's content.
  package let bytes: [UInt8]

  package init(name: String, contentType: String, bytes: [UInt8]) {
    self.name = name
    self.contentType = contentType
    self.bytes = bytes
  }

  /// Every file of the chat's pages that is embedded in the program. Vue is not among them: it is read
  /// from where it is installed.
  package static let all = [
    Asset(
      name: "belfry.js", contentType: "text/javascript; charset=utf-8",
      bytes: PackageResources.belfry_js),
    Asset(
      name: "belfry.css", contentType: "text/css; charset=utf-8",
      bytes: PackageResources.belfry_css),
    Asset(
      name: "favicon.svg", contentType: "image/svg+xml",
      bytes: PackageResources.favicon_svg),
  ]
}
