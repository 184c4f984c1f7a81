internal import Crypto
package import Events

/// Tells a browser that has signed in from others, whatever name it signs in with: 96 random bits that stay in its
/// session's cookie.
package struct BrowserID: Hashable, Sendable {
  static let length = 12

  let bytes: [UInt8]

  init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.length else { return nil }
    self.bytes = bytes
  }

  /// A new one.
  package static func random(using generator: inout some RandomNumberGenerator) -> BrowserID {
    var bytes: [UInt8] = []
    for _ in 0..<length { bytes.append(.random(in: .min ... .max, using: &generator)) }
    // It has as many as it must.
    return BrowserID(bytes)!
  }

  /// The id that listeners see. Who has it can't find the browser's.
  package var senderID: SenderID {
    let digest = SHA256.hash(Array("belfry sender ".utf8) + bytes)
    // Twelve bytes are sixteen characters of base64url.
    return SenderID(Base64URL.encode(Array(digest.prefix(Self.length))))!
  }
}
