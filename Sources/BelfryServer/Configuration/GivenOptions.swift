internal import Chat
internal import Handover
internal import Reactor

/// The options that the command line, the environment and the config file set: the command line wins over
/// the environment, and the environment over the file.
package struct GivenOptions: Sendable {
  /// A longer file is a mistake.
  private static let maximumFileBytes = 1 << 20
  /// The variable that can hold the keys that sign sessions, instead of a file.
  package static let secretVariable = "BELFRY_SECRET"

  private struct Given {
    /// Several of a list, or none.
    var items: [String]
    var source: OptionSource
    var place: OptionMistake.Place
  }

  /// By the options' names; those that nobody gave a value have their defaults.
  private var given: [String: Given] = [:]
  private var mistakes: [OptionMistake]
  private let environment: [String: String]

  /// Reads the config file, which may block.
  ///
  /// - Parameters:
  ///   - arguments: those behind the command's name.
  ///   - environment: all variables. An empty one is none.
  ///   - command: the command's name.
  package init(
    _ arguments: [String], environment: [String: String], of command: String = "serve"
  ) {
    self.environment = environment.mapValues { String($0.trimmingLineEnds) }
      .filter { !$0.value.isEmpty }
    let commandLine = CommandLineOptions(arguments, of: command)
    mistakes = commandLine.mistakes
    for (name, entry) in commandLine.entries {
      given[name] = Given(
        items: entry.items, source: .commandLine(option: name),
        place: .commandLine(index: entry.index))
    }
    for row in OptionTable.rows where given[row.name] == nil {
      guard let text = self.environment[row.variable], !text.trimmingWhitespace.isEmpty else {
        continue
      }
      given[row.name] = Given(
        items: row.format.items(of: text), source: .environment(variable: row.variable),
        place: .environment)
    }
    readFile()
  }

  private mutating func readFile() {
    let row = OptionTable.row(for: \ServerSettings.configFile)
    guard let config = given[row.name], let path = config.items.last, !path.isEmpty else { return }
    let file: ConfigFile
    do throws(ReactorError) {
      file = ConfigFile(
        try File.read(path, maximumBytes: Self.maximumFileBytes), path: path)
    } catch {
      mistakes.append(
        OptionMistake(
          row.name, path, config.source, "\(error); write the path of a file that can be read",
          at: config.place))
      return
    }
    mistakes += file.mistakes
    for row in OptionTable.rows where given[row.name] == nil {
      guard let entry = file.entries[row.name] else { continue }
      let source = OptionSource.file(path: path, line: entry.line)
      let place = OptionMistake.Place.file(line: entry.line)
      guard !entry.text.isEmpty || row.format.count == .list else {
        mistakes.append(
          OptionMistake(
            row.name, "", source, "write a value behind the =, or leave the line out", at: place))
        continue
      }
      given[row.name] = Given(
        items: row.format.items(of: entry.text), source: source, place: place)
    }
  }

  /// Where an option's value is from.
  package func source(of row: OptionRow) -> OptionSource { given[row.name]?.source ?? .byDefault }

  private func place(of row: OptionRow) -> OptionMistake.Place {
    given[row.name]?.place ?? .elsewhere
  }

  /// Whether the keys come from `secretVariable`.
  package var hasSecretVariable: Bool {
    environment[Self.secretVariable] != nil
      && given[OptionTable.row(for: \ServerSettings.keySource).name] == nil
  }

  /// Variables with our prefix that no option has, each with the nearest known name.
  package var unknownVariables: [(name: String, nearest: String?)] {
    let known =
      OptionTable.rows.map(\.variable) + [Self.secretVariable, SuccessorSettings.variable]
    return environment.keys.filter { $0.hasPrefix(OptionRow.variablePrefix) && !known.contains($0) }
      .sorted().map { ($0, NearestName.of($0, among: known)) }
  }

  /// The resulting settings. Reads the files that options name, which may block.
  package func settings() throws(OptionMistakes) -> ServerSettings {
    var settings = ServerSettings()
    var mistakes = mistakes
    for row in OptionTable.rows {
      // The default of a file has to be read too.
      let usual = row.format.isFile ? [row.text(of: settings)] : nil
      guard let items = given[row.name]?.items ?? usual else { continue }
      do throws(BadOptionValue) {
        try row.set(items, in: &settings)
      } catch {
        mistakes.append(
          OptionMistake(
            row.name, row.format.isSecret ? nil : error.text, source(of: row), error.remedy,
            at: place(of: row)))
      }
    }
    if hasSecretVariable {
      do throws(SessionKeyError) {
        settings.sessionKeys = try SessionKeys(secretFile: environment[Self.secretVariable] ?? "")
      } catch {
        mistakes.append(OptionMistake(Self.secretVariable, "\(error)", at: .environment))
      }
    }
    mistakes += repeatedAddresses(settings)
    guard mistakes.isEmpty else { throw OptionMistakes(mistakes) }
    return settings
  }

  private func repeatedAddresses(_ settings: ServerSettings) -> [OptionMistake] {
    var seen: Set<ListenAddress> = []
    var mistakes: [OptionMistake] = []
    let lists: [(AnyKeyPath, [ListenAddress])] = [
      (\ServerSettings.listen, settings.listen),
      (\ServerSettings.adminListen, settings.adminListen),
    ]
    for (path, addresses) in lists {
      let row = OptionTable.row(for: path)
      for address in addresses {
        // The kernel chooses another port each time.
        if case .tcp(_, 0) = address { continue }
        guard !seen.insert(address).inserted else { continue }
        mistakes.append(
          OptionMistake(
            row.name, "\(address)", source(of: row),
            "write each address once: it is given more than once", at: place(of: row)))
      }
    }
    return mistakes
  }
}
