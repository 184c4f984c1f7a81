internal import Glibc

extension Span<UInt8> {
  /// Whether the bytes from `start` on begin with `other[range]`.
  ///
  /// `memcmp`: the standard library compares spans one byte at a time.
  package func matches(_ other: [UInt8], _ range: Range<Int>, from start: Int) -> Bool {
    precondition(range.lowerBound >= 0 && range.upperBound <= other.count && start >= 0)
    guard count - start >= range.count else { return false }
    return unsafe withUnsafeBytes { left in
      unsafe other.withUnsafeBytes { right in
        // Empty ones may have no address.
        guard let left = left.baseAddress, let right = right.baseAddress else {
          return range.isEmpty
        }
        return unsafe memcmp(left + start, right + range.lowerBound, range.count) == 0
      }
    }
  }
}
