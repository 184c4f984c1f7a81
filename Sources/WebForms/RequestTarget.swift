internal import TextCoding

/// What a request asks for: the path and the query of its origin-form (RFC 9112, section 3.2.1).
///
/// A path is split first and decoded then, so an encoded slash stays inside its segment.
package struct RequestTarget: Hashable, Sendable {
  /// The decoded segments: `/` has none, and a slash at the end leaves an empty last one, so
  /// `/NAME/` is `["NAME", ""]` and not `/NAME`.
  package let segments: [String]
  /// The query's parameters, in their order.
  package let query: FormFields

  /// - Parameter raw: the request-target as it was sent.
  ///
  /// Throws unless it is origin-form whose path is UTF-8 without NUL and without the segments `.`
  /// and `..`, encoded or not, and whose query is one `FormFields(urlEncoded:)` takes.
  package init(_ raw: String) throws(RequestTargetError) {
    let bytes = Array(raw.utf8)
    guard bytes.first == UInt8(ascii: "/"), !bytes.contains(UInt8(ascii: "#")) else {
      throw .notOriginForm
    }
    let mark = bytes.firstIndex(of: UInt8(ascii: "?")) ?? bytes.endIndex
    let path = bytes[..<mark]
    var segments: [String] = []
    if path.count > 1 {
      for piece in path.dropFirst().split(
        separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      {
        segments.append(try Self.segment(piece))
      }
    }
    self.segments = segments

    do {
      self.query = try FormFields(urlEncoded: bytes[mark...].dropFirst())
    } catch {
      throw .query(error)
    }
  }

  /// The segments below `basePath`; nil when the path is not under it.
  ///
  /// `basePath` is plain text as configured, `/` or `/chat`, a slash at its end being the same.
  /// The base itself has no segments, with or without the slash at the end.
  package func relative(to basePath: String) -> [String]? {
    let base = basePath.utf8.split(separator: UInt8(ascii: "/"))
    guard segments.count >= base.count else { return nil }
    // Bytes, since two strings are equal to Swift also when they are only canonically so.
    for (segment, expected) in zip(segments, base) {
      guard segment.utf8.elementsEqual(expected) else { return nil }
    }
    let rest = Array(segments.dropFirst(base.count))
    return rest == [""] ? [] : rest
  }

  private static func segment(_ bytes: ArraySlice<UInt8>) throws(RequestTargetError) -> String {
    // Nearly none is escaped.
    guard bytes.contains(UInt8(ascii: "%")) else { return try segment(decoded: bytes) }
    guard let decoded = PercentCoding.decode(bytes) else { throw .invalidEscape }
    guard !decoded.contains(0) else { throw .nullByte }
    return try segment(decoded: decoded)
  }

  private static func segment(decoded: some Sequence<UInt8>) throws(RequestTargetError) -> String {
    guard let text = String(validating: decoded, as: UTF8.self) else { throw .invalidUTF8 }
    guard text != ".", text != ".." else { throw .dotSegment }
    return text
  }
}
