/// Bytes as `%HH` (RFC 3986, section 2.1), and the form's way with them (WHATWG URL, section 5).
package enum PercentCoding {
  /// The byte of the two hexadecimal digits at `index` and behind it, nil where there are not two.
  package static func byte(at index: Int, in bytes: ArraySlice<UInt8>) -> UInt8? {
    guard index + 1 < bytes.endIndex else { return nil }
    guard let high = bytes[index].hexadecimalValue, let low = bytes[index + 1].hexadecimalValue
    else { return nil }
    return high << 4 | low
  }

  /// The bytes that `text` stands for; nil when two hexadecimal digits don't follow each `%`.
  package static func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    var decoded: [UInt8] = []
    decoded.reserveCapacity(text.count)
    var index = text.startIndex
    while index < text.endIndex {
      let byte = text[index]
      index += 1
      guard byte == UInt8(ascii: "%") else {
        decoded.append(byte)
        continue
      }
      guard let escaped = Self.byte(at: index, in: text) else { return nil }
      decoded.append(escaped)
      index += 2
    }
    return decoded
  }

  /// The same of a form's name or value: `+` is a space, and a `%` without two hexadecimal digits stands
  /// for itself.
  package static func decodeForm(_ text: ArraySlice<UInt8>) -> [UInt8] {
    var decoded: [UInt8] = []
    decoded.reserveCapacity(text.count)
    var index = text.startIndex
    while index < text.endIndex {
      let byte = text[index]
      index += 1
      if byte == UInt8(ascii: "+") {
        decoded.append(UInt8(ascii: " "))
      } else if byte == UInt8(ascii: "%"), let escaped = Self.byte(at: index, in: text) {
        decoded.append(escaped)
        index += 2
      } else {
        decoded.append(byte)
      }
    }
    return decoded
  }

  /// Decodes those of `text` that stand for one of `bytes`, and leaves every other `%` as it is.
  package static func decode(_ text: [UInt8], only bytes: [UInt8]) -> [UInt8] {
    var decoded: [UInt8] = []
    var index = 0
    while index < text.count {
      let byte = text[index]
      index += 1
      if byte == UInt8(ascii: "%"), let escaped = Self.byte(at: index, in: text[...]),
        bytes.contains(escaped)
      {
        decoded.append(escaped)
        index += 2
      } else {
        decoded.append(byte)
      }
    }
    return decoded
  }

  /// A form's name or value: letters, digits and `*-._` stand for themselves. A space becomes `%20`,
  /// which is read as `+` is.
  package static func encodeForm(_ text: String) -> String {
    var encoded: [UInt8] = []
    encoded.reserveCapacity(text.utf8.count)
    for byte in text.utf8 {
      if byte.isAlphanumeric || "*-._".utf8.contains(byte) {
        encoded.append(byte)
      } else {
        let (high, low) = byte.hexadecimalDigits
        encoded += [UInt8(ascii: "%"), high, low]
      }
    }
    return String(decoding: encoded, as: UTF8.self)
  }
}
