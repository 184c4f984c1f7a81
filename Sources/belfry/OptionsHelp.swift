internal import ArgumentParser
internal import BelfryServer

/// What `--help` says of a command that takes the options of `OptionTable`, laid out as the parser lays out
/// the other commands' help.
enum OptionsHelp {
  /// The parser's longest line, where the terminal doesn't say.
  private static let width = 79
  /// Where an option's words begin.
  private static let indent = 26

  /// - Parameter name: the command's.
  static func text(_ configuration: CommandConfiguration, of name: String) -> String {
    var lines = wrapped("OVERVIEW: \(configuration.abstract)")
    lines += [""] + wrapped(configuration.discussion)
    lines += ["", "USAGE: belfry \(name) [options]"]
    for section in OptionTable.sections {
      let isFirst = section.title == OptionTable.sections[0].title
      lines += ["", isFirst ? "OPTIONS:" : "\(section.title.uppercased()):"]
      for row in section.rows { lines += item(label(row), words(row)) }
      if isFirst {
        lines += item("--version", "Show the version.")
        lines += item("-h, --help", "Show help information.")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func label(_ row: OptionRow) -> String {
    row.format.count == .flag
      ? "--\(row.name)" : "--\(row.name) <\(row.format.placeholder.lowercased())>"
  }

  private static func words(_ row: OptionRow) -> String {
    guard row.format.count != .flag else { return row.help }
    let value = row.text(of: ServerSettings())
    let usual = "default: \(row.defaultWords ?? (value.isEmpty ? "none" : value))"
    guard !row.format.choices.isEmpty else { return "\(row.help) (\(usual))" }
    return "\(row.help) (values: \(row.format.choices.joined(separator: ", ")); \(usual))"
  }

  private static func item(_ label: String, _ words: String) -> [String] {
    let margin = String(repeating: " ", count: indent)
    var lines = wrapped(words, width: width - indent).map { margin + $0 }
    let label = "  \(label) "
    if label.count <= indent {
      lines[0] = label + lines[0].dropFirst(label.count)
    } else {
      lines.insert(String(label.dropLast()), at: 0)
    }
    return lines
  }

  private static func wrapped(_ text: String, width: Int = width) -> [String] {
    var lines: [String] = []
    for word in text.split(separator: " ") {
      if let last = lines.last, last.count + 1 + word.count <= width {
        lines[lines.count - 1] += " \(word)"
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }
}
