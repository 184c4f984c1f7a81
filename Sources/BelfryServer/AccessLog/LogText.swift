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
        bytes.append(Self.hexDigit(byte >> 4))
        bytes.append(Self.hexDigit(byte & 15))
      }
    }
  }

  /// A string of JSON (RFC 8259, section 7); nil is `null`.
  ///
  /// - Parameter limit: bytes it has at most, quotes not counted; at its end stands `...` when it would
  ///   have more.
  mutating func addJSON(_ field: String?, upTo limit: Int) {
    guard let field else { return add("null") }
    bytes.append(UInt8(ascii: "\""))
    defer { bytes.append(UInt8(ascii: "\"")) }
    let end = bytes.count + limit - Self.cutMark.utf8.count
    for scalar in field.unicodeScalars {
      let isControl = scalar.value < 0x20 || scalar.value == 0x7F
      let isEscaped = scalar == "\"" || scalar == "\\"
      let encoded = UTF8.encode(scalar)
      let size = isControl ? 6 : isEscaped ? 2 : encoded?.count ?? 0
      guard bytes.count + size <= end else { return add(Self.cutMark) }
      if isControl {
        bytes.append(contentsOf: "\\u00".utf8)
        bytes.append(Self.hexDigit(UInt8(scalar.value) >> 4))
        bytes.append(Self.hexDigit(UInt8(scalar.value) & 15))
      } else {
        if isEscaped { bytes.append(UInt8(ascii: "\\")) }
        if let encoded { bytes.append(contentsOf: encoded) }
      }
    }
  }

  private static let cutMark = "..."

  private static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
  }
}
