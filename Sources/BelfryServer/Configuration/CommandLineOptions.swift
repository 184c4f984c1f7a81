/// The options on a command line: `--name value`, `--name=value`, and `--name` alone for a flag.
package struct CommandLineOptions {
  /// What the options were given.
  struct Entry: Hashable {
    /// Several of a list, or none.
    var items: [String]
    /// Where the option stands first, among all arguments.
    let index: Int
  }

  /// By the options' names, without dashes.
  private(set) var entries: [String: Entry] = [:]
  private(set) var mistakes: [OptionMistake] = []
  /// Whether help was asked for; then nothing else counts.
  package private(set) var asksHelp = false
  /// Whether the version was asked for.
  package private(set) var asksVersion = false

  private let command: String
  /// Where the argument stands that is read.
  private var index = 0

  /// - Parameters:
  ///   - arguments: those behind the command's name.
  ///   - command: its name, whose help mistakes refer to.
  package init(_ arguments: [String], of command: String = "serve") {
    self.command = command
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      index = rest.startIndex
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
      wrong(written, "unknown option; \(meant ?? "see belfry \(command) --help")")
      // Its value, most likely.
      if parts.count == 1, let next = rest.first, Self.isValue(next) { rest.removeFirst() }
      return
    }
    if row.format.count == .flag {
      guard parts.count == 1 else {
        return wrong(argument, "write \(written) without a value, or leave it out")
      }
      entries[row.name] = Entry(items: ["true"], index: index)
      return
    }
    var value = parts.count == 2 ? String(parts[1]) : ""
    if parts.count == 1, let next = rest.first, Self.isValue(next) { value = rest.removeFirst() }
    guard !value.trimmingWhitespace.isEmpty else {
      return wrong(written, "write a value behind it: \(written) \(row.format.placeholder)")
    }
    add(value, to: row)
  }

  private mutating func add(_ text: String, to row: OptionRow) {
    let items = row.format.items(of: text)
    if row.format.count == .list {
      entries[row.name, default: Entry(items: [], index: index)].items += items
    } else if entries[row.name] == nil {
      entries[row.name] = Entry(items: items, index: index)
    } else {
      wrong("--\(row.name)", "write it once: it takes one value")
    }
  }

  /// Whether what stands behind an option is its value: another option isn't, `-` and `-1` are.
  private static func isValue(_ text: String) -> Bool {
    !text.hasPrefix("-") || text == "-" || text.dropFirst().first?.isNumber == true
  }

  private mutating func unexpected(_ argument: String) {
    wrong(argument, "unexpected argument; see belfry \(command) --help")
  }

  private mutating func wrong(_ place: String, _ remedy: String) {
    mistakes.append(OptionMistake(place, remedy, at: .commandLine(index: index)))
  }
}
