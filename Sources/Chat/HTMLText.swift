import Mustache

/// Text for HTML, escaped one code point at a time.
///
/// swift-mustache's own content type compares whole characters, and a `"` with a combining mark
/// behind it is another character than `"`: such a name would end the attribute it stands in.
/// A template asks for this one with `{{% CONTENT_TYPE:HTMLText }}`.
struct HTMLText: MustacheContentType {
  /// The name by which templates ask for this type.
  static let name = "HTMLText"

  func escapeText(_ text: String) -> String {
    var escaped = ""
    escaped.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "&": escaped += "&amp;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
