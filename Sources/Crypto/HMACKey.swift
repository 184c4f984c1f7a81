internal import CCrypto

/// A secret that signs by HMAC with SHA-256 (RFC 2104).
package struct HMACKey: Equatable, Sendable {
  private let secret: [UInt8]

  /// - Parameter secret: any number of bytes up to `Int32.max`; below `SHA256.byteCount` HMAC loses
  ///   strength (RFC 2104, section 3).
  package init(secret: [UInt8]) { self.secret = secret }

  /// The code that shows that who made it had the secret, of `SHA256.byteCount` bytes.
  ///
  /// Traps when libcrypto has no memory left, or was built without SHA-256.
  /// The C function is `HMAC`.
  package func authenticationCode(for message: [UInt8]) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: SHA256.byteCount) { code, count in
      var length: UInt32 = 0
      let result = unsafe HMAC(
        EVP_sha256(), secret, Int32(secret.count), message, message.count, code.baseAddress,
        &length)
      precondition(
        unsafe result != nil && length == SHA256.byteCount, "libcrypto can't sign with SHA-256")
      count = SHA256.byteCount
    }
  }

  /// Whether `code` is the code of `message`.
  ///
  /// The time that this takes tells nothing about the right code. The C function is `CRYPTO_memcmp`.
  package func isValid(_ code: [UInt8], for message: [UInt8]) -> Bool {
    let right = authenticationCode(for: message)
    guard code.count == right.count else { return false }
    return unsafe CRYPTO_memcmp(code, right, right.count) == 0
  }
}

extension HMACKey: CustomStringConvertible, CustomReflectable {
  /// Says that it is a key, and not which: a secret must not reach a log.
  package var description: String { "HMACKey" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
