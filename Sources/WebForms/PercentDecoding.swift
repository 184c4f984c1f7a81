/// The bytes that percent-encoding (RFC 3986, section 2.1) stands for.
enum PercentDecoding {
  /// The byte of the two hexadecimal digits at `index` and behind it, nil where there are not two.
  static func byte(at index: Int, in bytes: ArraySlice<UInt8>) -> UInt8? {
    guard index + 1 < bytes.endIndex else { return nil }
    guard let high = digit(bytes[index]), let low = digit(bytes[index + 1]) else { return nil }
    return high << 4 | low
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    default: nil
    }
  }
}
