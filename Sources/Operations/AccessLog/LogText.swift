internal import TextCoding

/// Text for a line that other programs read: whatever a client wrote, the line stays one, and its fields
/// stay its fields.
struct LogText {
  private(set) var bytes: [UInt8] = []

  init(reserving capacity: Int) { bytes.reserveCapacity(capacity) }

  mutating func add(_ text: String) { bytes.append(contentsOf: text.utf8) }
  mutating func add(_ text: ArraySlice<UInt8>) { bytes.append(contentsOf: text) }

  /// A field as nginx writes it (ngx_http_log_escape): quotes, backslashes, control characters and what
  /// is not ASCII become `\xHH`, and an empty one `-`.
  ///
  /// - Parameters:
  ///   - limit: bytes it has at most; at its end stands `...` when it would have more.
  ///   - quotesBlanks: for a field that has no quotes around it.
  mutating func addEscaped(
    _ field: some Collection<UInt8>, upTo limit: Int, quotesBlanks: Bool = false
  ) {
    guard !field.isEmpty else { return add("-") }
    let end = bytes.count + limit - Self.cutMark.utf8.count
    for byte in field {
      let isPlain =
        byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
        && (byte != UInt8(ascii: " ") || !quotesBlanks)
      guard bytes.count + (isPlain ? 1 : 4) <= end else { return add(Self.cutMark) }
      if isPlain {
        bytes.append(byte)
      } else {
        bytes.append(contentsOf: "\\x".utf8)
        let (high, low) = byte.hexadecimalDigits
        bytes.append(high)
        bytes.append(low)
      }
    }
  }

  /// A string of JSON (RFC 8259, section 7); nil is `null`.
  ///
  /// - Parameter limit: bytes it has at most, quotes not counted; at its end stands `...` when it would
  ///   have more.
  mutating func addJSON(_ field: String?, upTo limit: Int) {
    guard let field else { return add("null") }
    JSONWriter.append(field, to: &bytes, upTo: limit)
  }

  private static let cutMark = "..."
}
