/// The options on a command line: `--name value`, `--name=value`, and `--name` alone for a flag.
///
/// An option that takes one value and comes twice has the last one.
package struct CommandLineOptions {
  /// The options' texts by their names.
  private(set) var values: [String: [String]] = [:]
  private(set) var mistakes: [OptionMistake] = []
  /// Whether help was asked for; then nothing else counts.
  package private(set) var asksHelp = false
  /// Whether the version was asked for.
  package private(set) var asksVersion = false

  /// - Parameter arguments: those behind the command's name.
  package init(_ arguments: [String]) {
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      switch argument {
      case "-h", "--help": asksHelp = true
      case "--version": asksVersion = true
      case "--":
        // Behind it nothing is an option, and a server takes nothing else.
        for argument in rest { unexpected(argument) }
        rest = []
      default:
        guard argument.hasPrefix("-"), argument != "-" else {
          unexpected(argument)
          continue
        }
        take(argument, from: &rest)
      }
    }
  }

  private mutating func take(_ argument: String, from rest: inout ArraySlice<String>) {
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let written = String(parts[0])
    guard written.hasPrefix("--"), let row = OptionTable.row(named: String(written.dropFirst(2)))
    else {
      let meant = OptionTable.nearest(to: written).map { "did you mean --\($0)?" }
      mistakes.append(
        OptionMistake(written, "unknown option; \(meant ?? "see belfry serve --help")"))
      // Its value, most likely.
      if parts.count == 1, let next = rest.first, Self.isValue(next) { rest.removeFirst() }
      return
    }
    if row.format.count == .flag {
      guard parts.count == 1 else {
        mistakes.append(
          OptionMistake(argument, "write \(written) without a value, or leave it out"))
        return
      }
      values[row.name] = ["true"]
    } else if parts.count == 2, !parts[1].isEmpty {
      add(String(parts[1]), to: row)
    } else if parts.count == 1, let next = rest.first, Self.isValue(next) {
      rest.removeFirst()
      add(next, to: row)
    } else {
      mistakes.append(
        OptionMistake(written, "write a value behind it: \(written) \(row.format.placeholder)"))
    }
  }

  private mutating func add(_ text: String, to row: OptionRow) {
    if row.format.count == .list {
      values[row.name, default: []].append(String(text.trimmingWhitespace))
    } else {
      values[row.name] = [String(text.trimmingLineEnds)]
    }
  }

  /// Whether what stands behind an option is its value: another option isn't, `-` and `-1` are.
  private static func isValue(_ text: String) -> Bool {
    !text.hasPrefix("-") || text == "-" || text.dropFirst().first?.isNumber == true
  }

  private mutating func unexpected(_ argument: String) {
    mistakes.append(OptionMistake(argument, "unexpected argument; see belfry serve --help"))
  }
}
