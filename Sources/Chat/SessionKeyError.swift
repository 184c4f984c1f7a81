/// Why the text of a secret file, or of a variable in its place, cannot be used; no part of a secret is in it.
package enum SessionKeyError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The text has no key.
  case noKey
  /// A key has fewer than `SessionKeys.minimumKeyBytes`; lines are counted from 1.
  case keyTooShort(line: Int, bytes: Int)

  package var description: String {
    let minimum = SessionKeys.minimumKeyBytes
    return switch self {
    case .noKey:
      "write one key per line, of at least \(minimum) bytes: there is none"
    case .keyTooShort(let line, let bytes):
      "write a key of at least \(minimum) bytes in line \(line): it has \(bytes)"
    }
  }
}
