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
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
    {
      take(line.trimmingWhitespace, number: index + 1)
    }
  }

  private mutating func take(_ line: Substring, number: Int) {
    guard !line.isEmpty, line.first != "#" else { return }
    let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0].trimmingWhitespace)
    let source = OptionSource.file(path: path, line: number)
    guard parts.count == 2 else {
      mistakes.append(OptionMistake("\(source)", "write option = value"))
      return
    }
    guard let row = OptionTable.row(named: name), row.path != \ServerSettings.configFile else {
      mistakes.append(unknown(name, source))
      return
    }
    guard entries[name] == nil else {
      mistakes.append(OptionMistake(name, nil, source, "leave it out: it is set above already"))
      return
    }
    entries[name] = Entry(text: String(parts[1].trimmingWhitespace), line: number)
  }

  private func unknown(_ name: String, _ source: OptionSource) -> OptionMistake {
    if OptionTable.row(named: name) != nil {
      return OptionMistake(name, nil, source, "leave it out: it names this file")
    }
    let meant = OptionTable.nearest(to: name)
    // A line that was written the wrong way round may begin with a password.
    let isName = name.utf8.allSatisfy { $0 == UInt8(ascii: "-") || 0x61...0x7A ~= $0 }
    guard !name.isEmpty, isName || OptionTable.row(named: OptionTable.normal(name)) != nil else {
      return OptionMistake("\(source)", "write option = value")
    }
    return OptionMistake(
      name, nil, source, "unknown option" + (meant.map { "; did you mean \($0)?" } ?? ""))
  }
}
