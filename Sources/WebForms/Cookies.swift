internal import TextCoding

/// The cookies of a request, read leniently (RFC 6265, section 5.4, and what servers do with it).
///
/// A name may occur more than once, and the browser does not say from which path or domain each
/// came: another host of the same site can put its own before ours. So ask for `all` and take the
/// first that proves itself.
package struct Cookies: Hashable, Sendable {
  private struct Cookie: Hashable {
    let name: String
    let value: String
  }

  private var cookies: [Cookie] = []

  /// Reads one `Cookie` header's value.
  package init(_ header: String) { self.init(headers: CollectionOfOne(header)) }

  /// Reads all values of the `Cookie` header, in their order.
  ///
  /// Pieces without `=` are skipped; a value in quotes loses them; nothing else is decoded.
  package init(headers: some Sequence<String>) {
    for header in headers {
      for pair in header.utf8.split(separator: UInt8(ascii: ";")) {
        guard let equals = pair.firstIndex(of: UInt8(ascii: "=")) else { continue }
        let name = pair[..<equals].trimmingBlanks
        guard !name.isEmpty else { continue }
        let value = Self.unquoted(pair[pair.index(after: equals)...].trimmingBlanks)
        cookies.append(Cookie(name: "\(Substring(name))", value: "\(Substring(value))"))
      }
    }
  }

  /// The value of the first cookie of this name; names are told apart by case.
  package func first(_ name: String) -> String? { cookies.first { $0.name == name }?.value }

  /// The values of all cookies of this name, in their order.
  package func all(_ name: String) -> [String] {
    cookies.compactMap { $0.name == name ? $0.value : nil }
  }

  private static func unquoted(_ text: Substring.UTF8View) -> Substring.UTF8View {
    let quote = UInt8(ascii: "\"")
    guard text.count >= 2, text.first == quote, text.last == quote else { return text }
    return text.dropFirst().dropLast()
  }
}
