/// Why a secret file cannot be used; no part of a secret is in it.
package enum SessionKeyError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file has no key.
  case noKey
  /// A key has fewer than `SessionKeys.minimumKeyBytes`; lines are counted from 1.
  case keyTooShort(line: Int, bytes: Int)

  package var description: String {
    let minimum = SessionKeys.minimumKeyBytes
    return switch self {
    case .noKey:
      "The secret file has no key. Each line must hold one key of at least \(minimum) bytes."
    case .keyTooShort(let line, let bytes):
      "The key in line \(line) of the secret file has \(bytes) bytes; the minimum is \(minimum)."
    }
  }
}
