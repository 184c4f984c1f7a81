internal import TextCoding

/// The path of a route, as its row has it: `/`, `/login`, `/static/FILE`.
///
/// A segment in capitals is a parameter: it matches any segment, an empty one too. The others are
/// literals, and match byte for byte.
package struct RoutePath: Hashable, Sendable, CustomStringConvertible {
  enum Segment: Hashable {
    case literal(String)
    case parameter
  }

  /// As the row has it.
  package let description: String
  /// None for `/`.
  let segments: [Segment]

  /// Traps unless each segment is a parameter, `A-Z`, or a literal: `a-z`, `0-9`, `.`, `-` and `_`.
  package init(_ text: String) {
    description = text
    guard text != "/" else {
      segments = []
      return
    }
    precondition(text.hasPrefix("/"), "the path \"\(text)\" does not begin with /")
    let pieces = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    segments = pieces.map { piece in
      guard let segment = Segment(piece) else {
        preconditionFailure("the path \(text) has the segment \"\(piece)\"")
      }
      return segment
    }
  }

  /// The first segment; nil when it is a parameter, or when there is none.
  package var firstLiteral: String? {
    guard case .literal(let text)? = segments.first else { return nil }
    return text
  }
}

extension RoutePath.Segment {
  init?(_ text: Substring) {
    guard !text.isEmpty else { return nil }
    if text.utf8.allSatisfy({ $0.isLetter && $0 != $0.asciiLowercase }) {
      self = .parameter
      return
    }
    // Without capitals, since reserved segments are compared in lower case. No other text is equal to
    // these characters in Swift, so a literal matches byte for byte.
    let isLiteral = text.utf8.allSatisfy {
      $0.isAlphanumeric && $0 == $0.asciiLowercase || ".-_".utf8.contains($0)
    }
    guard isLiteral else { return nil }
    self = .literal(String(text))
  }
}
