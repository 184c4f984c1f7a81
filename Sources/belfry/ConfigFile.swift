/// Options from a file: a line `history-age = 2h` is `--history-age 2h`.
///
/// Blank lines and those that begin with `#` say nothing; values are taken as they stand, without the
/// blanks around them.
struct ConfigFile {
  /// What is wrong with a line.
  struct Malformed: Error, CustomStringConvertible {
    let description: String
  }

  /// By the options' names, without dashes.
  private(set) var values: [String: String] = [:]

  /// No file.
  init() {}

  /// - Parameters:
  ///   - text: the file's.
  ///   - options: the names that it may give values to.
  init(_ text: String, options: [String]) throws(Malformed) {
    let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
    for (index, line) in lines.enumerated() {
      let line = Self.trimmed(line)
      guard !line.isEmpty, line.first != "#" else { continue }
      let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(Self.trimmed(parts[0]))
      func malformed(_ what: String) -> Malformed {
        Malformed(description: "line \(index + 1): \(what)")
      }
      guard parts.count == 2 else { throw malformed("expected option = value") }
      guard options.contains(name) else {
        // A line that was written the wrong way round may begin with a password.
        let isName = name.utf8.allSatisfy { $0 == UInt8(ascii: "-") || 0x61...0x7A ~= $0 }
        throw malformed(isName ? "unknown option \(name)" : "expected option = value")
      }
      guard values[name] == nil else { throw malformed("\(name) is set twice") }
      values[name] = String(Self.trimmed(parts[1]))
    }
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text.drop { $0 == " " || $0 == "\t" }
    while let last = text.last, last == " " || last == "\t" { text.removeLast() }
    return text
  }
}
