internal import Reactor

/// Options that come from the environment: `BELFRY_HISTORY_AGE=2h` is `--history-age 2h`.
enum Environment {
  private static let prefix = "BELFRY_"
  /// Variables that are no option's.
  private static let others: Set<String> = ["BELFRY_SECRET"]
  /// Options whose variables hold several values, separated by commas.
  private static let lists: Set<String> = ["listen", "origin", "trusted-proxy"]

  /// The keys that sign sessions, one a line.
  static var secret: String? { ProcessEnvironment.value(of: "BELFRY_SECRET") }

  /// The command line with what the environment says put in front, where it doesn't say it itself.
  ///
  /// - Parameter options: the names of all options, without dashes.
  static func arguments(_ commandLine: [String], options: [String]) -> [String] {
    let subcommand = commandLine.prefix { !$0.hasPrefix("-") }
    guard subcommand.isEmpty || subcommand.elementsEqual(["serve"]) else { return commandLine }
    let given = Set(
      commandLine.filter { $0.hasPrefix("--") }.map { $0.dropFirst(2).prefix { $0 != "=" } })
    var arguments: [String] = []
    for option in options where !given.contains(Substring(option)) {
      guard let value = ProcessEnvironment.value(of: variable(of: option)) else { continue }
      let values = lists.contains(option) ? value.split(separator: ",").map(String.init) : [value]
      arguments += values.map { "--\(option)=\($0)" }
    }
    return subcommand + arguments + commandLine.dropFirst(subcommand.count)
  }

  /// Variables that look like ours and are not: misspelt ones, most likely.
  static func unknownVariables(options: [String]) -> [String] {
    let known = others.union(options.map(variable))
    return ProcessEnvironment.names.filter { $0.hasPrefix(prefix) && !known.contains($0) }.sorted()
  }

  private static func variable(of option: String) -> String {
    prefix + option.uppercased().map { $0 == "-" ? "_" : $0 }
  }
}
