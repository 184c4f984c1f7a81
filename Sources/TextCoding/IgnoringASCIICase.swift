// Names of header fields, hosts and schemes are compared without regard to case.

extension Sequence<UInt8> {
  /// Whether both are the same but for the case of `A-Z`.
  @inlinable package func equalsIgnoringASCIICase(_ other: some Sequence<UInt8>) -> Bool {
    elementsEqual(other) { $0 == $1 || $0.asciiLowercase == $1.asciiLowercase }
  }
}

extension StringProtocol {
  /// Whether both are the same but for the case of `A-Z`.
  @inlinable package func equalsIgnoringASCIICase(_ other: some StringProtocol) -> Bool {
    utf8.count == other.utf8.count && utf8.equalsIgnoringASCIICase(other.utf8)
  }
}
