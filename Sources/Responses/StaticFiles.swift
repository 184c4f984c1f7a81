internal import Crypto
package import Reactor
package import WebForms

/// A file that is answered from memory.
package struct StaticFile {
  let name: String
  let contentType: String
  let bytes: [UInt8]
  /// Names the content: the beginning of its SHA-256, in hex.
  let version: String

  /// - Parameters:
  ///   - name: the last segment of its path.
  ///   - contentType: the value of `Content-Type`.
  package init(name: String, contentType: String, bytes: [UInt8]) {
    self.name = name
    self.contentType = contentType
    self.bytes = bytes
    version = Array(SHA256.hash(bytes).prefix(8)).hexadecimal
  }
}

/// Pages' scripts, styles and pictures, from memory.
package struct StaticFiles {
  private let files: [String: StaticFile]

  /// - Parameter files: their names differ.
  package init(_ files: [StaticFile]) {
    self.files = Dictionary(uniqueKeysWithValues: files.map { ($0.name, $0) })
  }

  /// What names the content of a file, so that it can be cached for good; nil when there is no such file.
  package func version(of name: String) -> String? { files[name]?.version }

  /// The file called `name`; cached for good when the query names its version.
  ///
  /// - Throws: when there is no such file.
  package func show(
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
