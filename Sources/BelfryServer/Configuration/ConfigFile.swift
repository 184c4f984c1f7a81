internal import TextCoding

/// Options from a file: a line `history-age = 2h` is `--history-age 2h`.
///
/// Blank lines and those that begin with `#` say nothing; values are taken as they stand, without the
/// blanks around them.
struct ConfigFile {
  /// What a line gives an option.
  struct Entry: Hashable {
    let text: String
    /// Counted from 1.
    let line: Int
  }

  /// By the options' names, without dashes.
  private(set) var entries: [String: Entry] = [:]
  private(set) var mistakes: [OptionMistake] = []

  private let path: String

  /// - Parameters:
  ///   - bytes: the file's.
  ///   - path: what mistakes call it.
  init(_ bytes: [UInt8], path: String) {
    self.path = path
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]  // UTF-8's byte order mark.
    let text = String(
      decoding: bytes.starts(with: mark) ? bytes.dropFirst(mark.count) : bytes[...], as: UTF8.self)
    for (index, line) in text.split(
      omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r\n" }
    ).enumerated() {
      take(line, number: index + 1)
    }
  }

  private mutating func take(_ line: Substring, number: Int) {
    let source = OptionSource.file(path: path, line: number)
    // A comment that such an end hides the next option in would hide it from the reader too.
    guard !line.utf8.contains(0x0D) else {
      return wrong(nil, source, "end each line with LF or CR LF, not with CR")
    }
    let line = line.trimmingWhitespace
    guard !line.isEmpty, line.first != "#" else { return }
    let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0].trimmingWhitespace)
    guard parts.count == 2 else { return wrong(nil, source, "write option = value") }
    guard let row = OptionTable.row(named: name) else { return unknown(name, source) }
    guard row.path != \ServerSettings.configFile else {
      return wrong(name, source, "leave it out: it names this file")
    }
    guard entries[name] == nil else {
      return wrong(name, source, "leave it out: it is set above already")
    }
    entries[name] = Entry(text: String(parts[1].trimmingWhitespace), line: number)
  }

  private mutating func unknown(_ name: String, _ source: OptionSource) {
    let meant = OptionTable.nearest(to: name)
    // A line that was written the wrong way round may begin with a password.
    let isName = name.utf8.allSatisfy { $0 == UInt8(ascii: "-") || $0.isLowercaseLetter }
    guard !name.isEmpty, isName || OptionTable.row(named: OptionTable.normal(name)) != nil else {
      return wrong(nil, source, "write option = value")
    }
    wrong(name, source, "unknown option" + (meant.map { "; did you mean \($0)?" } ?? ""))
  }

  /// - Parameter name: nil: the line names no option.
  private mutating func wrong(_ name: String?, _ source: OptionSource, _ remedy: String) {
    guard case .file(_, let line) = source else { preconditionFailure("it is a file's line") }
    mistakes.append(
      name.map { OptionMistake($0, nil, source, remedy, at: .file(line: line)) }
        ?? OptionMistake("\(source)", remedy, at: .file(line: line)))
  }
}
