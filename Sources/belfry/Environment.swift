internal import BelfryServer
internal import Handover
internal import Reactor

/// Options that come from elsewhere than the command line: from the environment, where
/// `BELFRY_HISTORY_AGE=2h` is `--history-age 2h`, and from the file that `--config` names.
enum Environment {
  private static let prefix = "BELFRY_"
  /// The option that names the file; the file can't have it.
  private static let file = "config"
  /// A longer file is a mistake.
  private static let maximumFileBytes = 1 << 20
  /// Variables that are no option's.
  private static let others: Set<String> = ["BELFRY_SECRET", SuccessorSettings.variable]
  /// Options that hold several values, separated by commas, where they are not on the command line.
  private static let lists: Set<String> = ["listen", "admin-listen", "origin", "trusted-proxy"]
  /// Options without a value, whose variables are `true` or `false`.
  private static let flags: Set<String> = ["reuse-port"]

  /// The keys that sign sessions, one a line.
  static var secret: String? { ProcessEnvironment.value(of: "BELFRY_SECRET") }

  /// The server that this process is to take over from; nil when it begins by itself.
  ///
  /// - Throws: when the variable that says so was set by nobody who knows what it means.
  static var predecessor: PredecessorSettings? {
    get throws(SettingsError) {
      guard let text = ProcessEnvironment.value(of: SuccessorSettings.variable) else { return nil }
      guard let sockets = Int32(text), 0..<Int32(SpawnedProcess.maximumDescriptors) ~= sockets
      else {
        throw SettingsError(
          "\(SuccessorSettings.variable)=\(text) is invalid: only Belfry itself sets this variable, for its successor"
        )
      }
      return PredecessorSettings(sockets: sockets)
    }
  }

  /// The service manager that started this process (sd_notify(3), sd_watchdog_enabled(3)); nil when
  /// none did that wants to hear of it.
  static var service: ServiceSettings? {
    guard let socket = ProcessEnvironment.value(of: "NOTIFY_SOCKET") else { return nil }
    var settings = ServiceSettings(socket: socket)
    let process = ProcessEnvironment.value(of: "WATCHDOG_PID").map { Int32($0) }
    if process ?? ProcessEnvironment.processID == ProcessEnvironment.processID,
      let time = ProcessEnvironment.value(of: "WATCHDOG_USEC").flatMap({ Int64($0) }), time > 0
    {
      settings.watchdog = .microseconds(time)
    }
    return settings
  }

  /// The command line, and in front of it what it doesn't say itself: what the environment says, and
  /// else the file. Of commands that take other options it is the command line alone.
  ///
  /// - Parameter options: the names of all options, without dashes.
  /// - Throws: what is wrong with the file.
  static func sources(of commandLine: [String], options: [String]) throws -> OptionSources {
    guard ["serve", "check"].contains(subcommand(of: commandLine)) else {
      return OptionSources(arguments: commandLine)
    }
    let given = Set(
      commandLine.filter { $0.hasPrefix("--") }.map { $0.dropFirst(2).prefix { $0 != "=" } })
    let config = try config(commandLine, options: options)
    var sources = OptionSources()
    for option in options {
      if given.contains(Substring(option)) {
        sources.origins[option] = .commandLine
        continue
      }
      let variable = ProcessEnvironment.value(of: variable(of: option))
      guard let value = variable ?? config.values[option] else { continue }
      sources.origins[option] = variable == nil ? .file : .environment
      // Any other value becomes an error that names the option.
      if flags.contains(option), value == "true" || value == "false" {
        if value == "true" { sources.arguments.append("--\(option)") }
        continue
      }
      let values = lists.contains(option) ? value.split(separator: ",").map(String.init) : [value]
      sources.arguments += values.map { "--\(option)=\($0)" }
    }
    let subcommands = commandLine.prefix { !$0.hasPrefix("-") }
    sources.arguments =
      subcommands + sources.arguments + commandLine.dropFirst(subcommands.count)
    return sources
  }

  /// What the command line asks for: its first word, unless that is an option.
  static func subcommand(of commandLine: [String]) -> String {
    guard let first = commandLine.first, !first.hasPrefix("-") else { return "serve" }
    return first
  }

  private static func config(_ commandLine: [String], options: [String]) throws -> ConfigFile {
    guard let path = path(in: commandLine) ?? ProcessEnvironment.value(of: variable(of: file))
    else { return ConfigFile() }
    do {
      let bytes = try File.read(path, maximumBytes: maximumFileBytes)
      return try ConfigFile(
        String(decoding: bytes, as: UTF8.self), options: options.filter { $0 != file })
    } catch {
      throw UnreadableFile(description: "--\(file) \(path): \(error)")
    }
  }

  /// What `--config` says; the last one counts, as with other options.
  private static func path(in commandLine: [String]) -> String? {
    let separate = commandLine.lastIndex(of: "--\(file)").flatMap { place in
      place + 1 < commandLine.count ? (place, commandLine[place + 1]) : nil
    }
    let joined = commandLine.lastIndex { $0.hasPrefix("--\(file)=") }.map { place in
      (place, String(commandLine[place].dropFirst(file.utf8.count + 3)))
    }
    return [separate, joined].compactMap(\.self).max { $0.0 < $1.0 }?.1
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

/// What is wrong with the file of options.
struct UnreadableFile: Error, CustomStringConvertible {
  let description: String
}

/// All that the command line, the environment and the file say together, as one command line, and who
/// said what.
struct OptionSources {
  /// Who gave an option its value.
  enum Origin: String {
    case commandLine = "command line"
    case environment
    case file
  }

  var arguments: [String] = []
  /// By the options' names, without dashes; those that nobody gave a value have their defaults.
  var origins: [String: Origin] = [:]
}
