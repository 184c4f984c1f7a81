internal import CCrypto

/// The hash function SHA-256 (FIPS 180-4).
package enum SHA256 {
  /// The length of a hash, in bytes.
  package static let byteCount = 32

  /// The hash of `bytes`, of `byteCount` bytes.
  ///
  /// Traps when libcrypto has no memory left, or was built without SHA-256.
  /// The C function is `EVP_Digest`.
  package static func hash(_ bytes: [UInt8]) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { hash, count in
      var length: UInt32 = 0
      let taken = unsafe EVP_Digest(
        bytes, bytes.count, hash.baseAddress, &length, EVP_sha256(), nil)
      precondition(taken == 1 && length == byteCount, "libcrypto can't hash with SHA-256")
      count = byteCount
    }
  }
}
