internal import TextCoding

extension FormFields {
  /// Reads `multipart/form-data` (RFC 7578): every part is a field, a file's too, by its bytes.
  ///
  /// The boundary is 1...70 characters of RFC 2046's `bchars`. Throws `.malformed` for another
  /// boundary, a part without a name, or a body without its last boundary.
  package init(multipart body: [UInt8], boundary: String) throws(FormError) {
    self.init()
    var reader = try MultipartReader(body: body, boundary: boundary)
    while let part = try reader.next() {
      try append(name: Self.name(ofPart: part.header), value: part.content)
    }
  }

  /// The name in a part's `Content-Disposition`.
  private static func name(ofPart header: ArraySlice<UInt8>) throws(FormError) -> [UInt8] {
    var disposition: HeaderParameters?
    for line in header.split(whereSeparator: { $0 == 0x0D || $0 == 0x0A }) {
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { throw .malformed }
      let field = line[..<colon].map(\.asciiLowercase)
      guard field.elementsEqual("content-disposition".utf8) else { continue }
      // Two of them would be read differently by whoever stands before us.
      guard disposition == nil else { throw .malformed }
      disposition = HeaderParameters(line[(colon + 1)...], escapesQuotesOnly: true)
      guard disposition != nil else { throw .malformed }
    }
    guard let disposition, let name = disposition.first("name") else { throw .malformed }
    let type = disposition.value.map(\.asciiLowercase)
    guard type.elementsEqual("form-data".utf8) else { throw .malformed }
    return unescaped(name)
  }

  /// Undoes what browsers do to a name: `%22`, `%0D` and `%0A` for the quote, CR and LF, and
  /// nothing else (WHATWG HTML, "multipart form data encoding algorithm").
  private static func unescaped(_ name: [UInt8]) -> [UInt8] {
    PercentCoding.decode(name, only: [UInt8(ascii: "\""), 0x0D, 0x0A])
  }
}
