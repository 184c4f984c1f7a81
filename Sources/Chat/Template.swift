internal import TextCoding

/// A page with places for values.
///
/// `{{name}}` becomes the value of that name, escaped for HTML. What stands between `{{#name}}` and
/// `{{/name}}` is there only if the name has a value; such a pair may hold another. The newline right
/// behind either of the two belongs to it.
struct Template: Sendable {
  private enum Part {
    case text(String)
    case value(name: String)
    indirect case section(name: String, parts: [Part])
  }

  private let parts: [Part]

  /// Reads a template.
  init(_ source: String) throws(TemplateError) {
    var rest = source[...]
    parts = try Self.parse(&rest, within: nil)
  }

  /// The page.
  ///
  /// - Parameter values: a value for each name of the template, `nil` for one that has none.
  ///   Traps on a name that is missing, or that is `nil` at a place that is always shown: both are
  ///   bugs of ours.
  func render(_ values: [String: String?]) -> String {
    var page = ""
    Self.render(parts, values, to: &page)
    return page
  }

  private static func render(_ parts: [Part], _ values: [String: String?], to page: inout String) {
    for part in parts {
      switch part {
      case .text(let text): page += text
      case .value(let name):
        guard case .some(.some(let value)) = values[name] else {
          preconditionFailure("The template's place '\(name)' has no value.")
        }
        page += HTMLText.escape(value)
      case .section(let name, let parts):
        guard let value = values[name] else {
          preconditionFailure("The template's condition '\(name)' has no value.")
        }
        if value != nil { render(parts, values, to: &page) }
      }
    }
  }

  /// Takes parts from the front of `rest` up to the end of the section called `section`, or of the text.
  private static func parse(
    _ rest: inout Substring, within section: Substring?
  ) throws(TemplateError) -> [Part] {
    var parts: [Part] = []
    while let open = braces("{", in: rest) {
      if open > rest.startIndex { parts.append(.text(String(rest[..<open]))) }
      guard let close = braces("}", in: rest[open...]) else {
        throw TemplateError(tag: String(rest[open...]))
      }
      let tag = rest[open..<close].dropFirst(2)
      rest = rest[close...].dropFirst(2)
      let name = tag.first.map { "#/".contains($0) } == true ? tag.dropFirst() : tag
      guard !name.isEmpty, name.utf8.allSatisfy(\.isLetter) else {
        throw TemplateError(tag: String(tag))
      }
      if tag.first == "#" {
        dropNewline(&rest)
        parts.append(.section(name: String(name), parts: try parse(&rest, within: name)))
      } else if tag.first == "/" {
        guard name == section else { throw TemplateError(tag: String(tag)) }
        dropNewline(&rest)
        return parts
      } else {
        parts.append(.value(name: String(name)))
      }
    }
    if let section { throw TemplateError(tag: "#\(section)") }
    if !rest.isEmpty { parts.append(.text(String(rest))) }
    return parts
  }

  /// Where the first two of `brace` in a row begin.
  private static func braces(_ brace: Unicode.Scalar, in text: Substring) -> Substring.Index? {
    let bytes = text.utf8
    return bytes.indices.first { bytes[$0...].starts(with: "\(brace)\(brace)".utf8) }
  }

  private static func dropNewline(_ rest: inout Substring) {
    if rest.first == "\n" { rest.removeFirst() }
  }
}
