/// Writes JSON (RFC 8259) without white space: `{"up":true,"failed":["backplane"]}`.
///
/// What is written stands there in its order; commas and closing brackets come by themselves.
package struct JSONWriter {
  /// What has been written, in UTF-8.
  package private(set) var bytes: [UInt8] = []
  private var needsComma = false

  /// Nothing yet.
  package init() {}

  /// What has been written.
  package var text: String { String(decoding: bytes, as: UTF8.self) }

  /// An object with what `members` writes.
  package mutating func object(_ members: (inout JSONWriter) -> Void) {
    nested(UInt8(ascii: "{"), members, UInt8(ascii: "}"))
  }

  /// A member whose value is an object.
  package mutating func member(_ name: String, _ members: (inout JSONWriter) -> Void) {
    begin(name)
    object(members)
  }

  /// A member whose value is an array of strings.
  package mutating func member(_ name: String, _ values: [String]) {
    begin(name)
    nested(
      UInt8(ascii: "["), { writer in for value in values { writer.string(value) } },
      UInt8(ascii: "]"))
  }

  /// A member whose value is a string; nil is `null`.
  package mutating func member(_ name: String, _ value: String?) {
    begin(name)
    if let value { string(value) } else { literal("null") }
  }

  /// A member whose value is a number; nil is `null`.
  package mutating func member(_ name: String, _ value: Int?) {
    begin(name)
    literal(value.map { "\($0)" } ?? "null")
  }

  /// A member whose value is a number, which is finite; nil is `null`.
  package mutating func member(_ name: String, _ value: Double?) {
    begin(name)
    literal(value.map { "\($0)" } ?? "null")
  }

  /// A member whose value is `true` or `false`.
  package mutating func member(_ name: String, _ value: Bool) {
    begin(name)
    literal(value ? "true" : "false")
  }

  // MARK: Pieces

  private mutating func nested(
    _ opening: UInt8, _ content: (inout JSONWriter) -> Void, _ closing: UInt8
  ) {
    separate()
    bytes.append(opening)
    needsComma = false
    content(&self)
    bytes.append(closing)
    needsComma = true
  }

  private mutating func begin(_ name: String) {
    string(name)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  private mutating func string(_ text: String) {
    separate()
    Self.append(text, to: &bytes)
    needsComma = true
  }

  private mutating func literal(_ text: String) {
    separate()
    bytes.append(contentsOf: text.utf8)
    needsComma = true
  }

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
  }
}

extension JSONWriter {
  private static let cutMark = "..."

  /// Appends a string with its quotes. Quotes, backslashes and control characters are escaped, and
  /// nothing else needs to be (RFC 8259, section 7).
  ///
  /// - Parameter limit: bytes it has at most, quotes not counted; at its end stands `...` when it would
  ///   have more. At least 3.
  package static func append(_ text: String, to bytes: inout [UInt8], upTo limit: Int = .max) {
    bytes.append(UInt8(ascii: "\""))
    let end = limit == .max ? .max : bytes.count + limit - cutMark.utf8.count
    for byte in text.utf8 {
      let isControl = byte < 0x20 || byte == 0x7F
      let isEscaped = byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
      guard bytes.count + (isControl ? 6 : isEscaped ? 2 : encodedBytes(first: byte)) <= end else {
        bytes.append(contentsOf: cutMark.utf8)
        break
      }
      if isControl {
        let (high, low) = byte.hexadecimalDigits
        bytes.append(contentsOf: "\\u00".utf8)
        bytes.append(high)
        bytes.append(low)
      } else {
        if isEscaped { bytes.append(UInt8(ascii: "\\")) }
        bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// How many bytes the character has that begins with `byte`; 0 inside of one, whose bytes were all
  /// counted at the first.
  private static func encodedBytes(first byte: UInt8) -> Int {
    switch byte {
    case ..<0x80: 1
    case ..<0xC0: 0
    case ..<0xE0: 2
    case ..<0xF0: 3
    default: 4
    }
  }
}
