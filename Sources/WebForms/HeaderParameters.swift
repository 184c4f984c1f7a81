internal import TextCoding

/// The parameters behind a header's value, `; NAME=VALUE` (RFC 9110, section 5.6.6).
struct HeaderParameters {
  /// What stood before the first semicolon, without white space around it.
  let value: [UInt8]
  /// The parameters, each name in small letters.
  private let parameters: [(name: [UInt8], value: [UInt8])]

  /// Reads `bytes`; nil when a quoted value does not end, or something stands behind it.
  ///
  /// In a quoted value a backslash escapes what follows, unless `escapesQuotesOnly`: browsers send
  /// a field's or file's name with its backslashes as they are, but for `\"`.
  init?(_ bytes: some Sequence<UInt8>, escapesQuotesOnly: Bool = false) {
    var scanner = Scanner(bytes: Array(bytes))
    value = scanner.takeText()
    var parameters: [(name: [UInt8], value: [UInt8])] = []
    while scanner.take(";") {
      let name = scanner.takeText(until: "=").map(\.asciiLowercase)
      guard scanner.take("=") else { continue }
      scanner.skipSpace()
      guard scanner.take("\"") else {
        parameters.append((name, scanner.takeText()))
        continue
      }
      guard let text = scanner.takeQuoted(escapesQuotesOnly: escapesQuotesOnly) else { return nil }
      scanner.skipSpace()
      guard scanner.isAtEnd || scanner.isAt(";") else { return nil }
      parameters.append((name, text))
    }
    self.parameters = parameters
  }

  /// The first parameter of this name, given in small letters.
  func first(_ name: String) -> [UInt8]? {
    parameters.first { $0.name.elementsEqual(name.utf8) }?.value
  }
}

extension HeaderParameters {
  private struct Scanner {
    let bytes: [UInt8]
    var index = 0

    var isAtEnd: Bool { index == bytes.count }

    func isAt(_ character: Unicode.Scalar) -> Bool {
      index < bytes.count && bytes[index] == UInt8(ascii: character)
    }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
      guard isAt(character) else { return false }
      index += 1
      return true
    }

    mutating func skipSpace() { while !isAtEnd, bytes[index].isBlank { index += 1 } }

    /// What stands before the next semicolon, or `other` if that comes first, trimmed.
    mutating func takeText(until other: Unicode.Scalar = ";") -> [UInt8] {
      skipSpace()
      let start = index
      while !isAtEnd, !isAt(";"), !isAt(other) { index += 1 }
      var end = index
      while end > start, bytes[end - 1].isBlank { end -= 1 }
      return Array(bytes[start..<end])
    }

    /// The text up to the closing quote, which is taken too; nil when there is none.
    mutating func takeQuoted(escapesQuotesOnly: Bool) -> [UInt8]? {
      var text: [UInt8] = []
      while !isAtEnd {
        if take("\"") { return text }
        if isAt("\\"), index + 1 < bytes.count,
          !escapesQuotesOnly || bytes[index + 1] == UInt8(ascii: "\"")
        {
          index += 1
        }
        text.append(bytes[index])
        index += 1
      }
      return nil
    }
  }
}
