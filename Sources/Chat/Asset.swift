/// A file that the pages ask for, embedded in the program.
package struct Asset: Sendable {
  /// The file's name, without a folder.
  package let name: String
  /// The value of `Content-Type`.
  package let contentType: String
  /// The file's content.
  package let bytes: [UInt8]

  /// Every file that is embedded. Vue is not among them: it is read from where it is installed.
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
