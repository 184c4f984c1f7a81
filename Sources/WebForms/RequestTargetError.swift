/// Why a request-target names nothing; each is the client's fault, a 400.
package enum RequestTargetError: Error, Hashable, Sendable {
  /// It does not begin with a slash, or has a fragment.
  case notOriginForm
  /// A `%` without two hexadecimal digits in the path.
  case invalidEscape
  /// A NUL in the path.
  case nullByte
  /// The path is not UTF-8 once decoded.
  case invalidUTF8
  /// A segment `.` or `..`, encoded or not: a browser resolves them before it sends them.
  case dotSegment
  /// The query cannot be read.
  case query(FormError)
}
