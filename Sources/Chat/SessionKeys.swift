package import Crypto

/// The secrets that sign cookies: the first signs, all verify, so a new one can be put before the
/// old one without signing everybody out.
package struct SessionKeys: Equatable, Sendable {
  /// The fewest bytes of a key: SHA-256's length, below which HMAC loses strength (RFC 2104,
  /// section 3).
  package static let minimumKeyBytes = 32

  /// At least one key, in the order they were given.
  package let all: [HMACKey]

  /// The key that new cookies are signed with.
  package var signing: HMACKey { all[0] }

  /// Traps without a key.
  package init(_ keys: [HMACKey]) {
    precondition(!keys.isEmpty)
    self.all = keys
  }

  /// Reads a secret file: one key a line, its bytes taken as they are but for CRs and spaces at
  /// the end; blank lines do not count.
  ///
  /// Throws when a key is shorter than `minimumKeyBytes`, or when there is none.
  package init(secretFile contents: [UInt8]) throws(SessionKeyError) {
    var keys: [HMACKey] = []
    let lines = contents.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      let end = line.lastIndex { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: " ") }
      guard let end else { continue }
      let key = Array(line[...end])
      guard key.count >= Self.minimumKeyBytes else {
        throw .keyTooShort(line: index + 1, bytes: key.count)
      }
      keys.append(HMACKey(secret: key))
    }
    guard !keys.isEmpty else { throw .noKey }
    self.all = keys
  }

  /// Reads a secret file's text, as `init(secretFile:)` of its bytes does.
  package init(secretFile contents: String) throws(SessionKeyError) {
    try self.init(secretFile: Array(contents.utf8))
  }

  /// One key.
  package init(secret: [UInt8]) { self.init([HMACKey(secret: secret)]) }

  /// The bytes of a random key.
  package static func randomSecret(using generator: inout some RandomNumberGenerator) -> [UInt8] {
    (0..<minimumKeyBytes).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
  }

  /// One random key; its cookies are good until the process ends.
  package static func random(using generator: inout some RandomNumberGenerator) -> SessionKeys {
    SessionKeys(secret: randomSecret(using: &generator))
  }
}
