/// Text for HTML.
package enum HTMLText {
  /// `text` with `<`, `>`, `&`, `"` and `'` escaped, as an element's content and a quoted attribute need it.
  ///
  /// It works on bytes, not on characters: a `"` with a combining mark behind it is another
  /// character than `"`, and such a name would end the attribute it stands in.
  package static func escape(_ text: String) -> String {
    var escaped: [UInt8] = []
    escaped.reserveCapacity(text.utf8.count)
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "<"): escaped += "&lt;".utf8
      case UInt8(ascii: ">"): escaped += "&gt;".utf8
      case UInt8(ascii: "&"): escaped += "&amp;".utf8
      case UInt8(ascii: "\""): escaped += "&quot;".utf8
      case UInt8(ascii: "'"): escaped += "&#39;".utf8
      default: escaped.append(byte)
      }
    }
    return String(decoding: escaped, as: UTF8.self)
  }
}
