/// One option of `belfry serve`: a row of `OptionTable`.
///
/// Command line, environment, config file, `belfry check`, reload, help, manual page and documentation all
/// derive from it. Its default is what `ServerSettings()` has at `path`.
package struct OptionRow: Sendable {
  /// Whether a running server takes a new value.
  package enum Change: String, Sendable {
    /// On SIGHUP.
    case live
    /// On SIGHUP; but taking the value away needs a restart.
    case liveUnlessUnset
    /// Only at its next start.
    case restart
  }

  /// Without dashes: `history-age`.
  package let name: String
  /// Where the value goes, which also identifies the row in code.
  package let path: any AnyKeyPath & Sendable
  /// What the option does, in sentences.
  package let help: String
  /// The default in words, where it depends on something else than the program.
  package let defaultWords: String?
  package let change: Change
  /// How values are written.
  package let format: OptionFormat

  private let write: @Sendable ([String], inout ServerSettings) throws(BadOptionValue) -> Void
  private let show: @Sendable (ServerSettings) -> String
  private let compare: @Sendable (ServerSettings, ServerSettings) -> Bool
  private let unset: @Sendable (ServerSettings) -> Bool
  private let take: @Sendable (ServerSettings, inout ServerSettings) -> Void

  /// - Parameter defaultWords: what applies when the option isn't set; nil: the value that `ServerSettings()`
  ///   has.
  init<Value>(
    _ name: String, _ path: any WritableKeyPath<ServerSettings, Value> & Sendable,
    _ kind: OptionKind<Value>, _ change: Change, _ help: String, default defaultWords: String? = nil
  ) {
    self.name = name
    self.path = path
    self.help = help
    self.defaultWords = defaultWords
    self.change = change
    format = kind.format
    write = { items, settings throws(BadOptionValue) in
      settings[keyPath: path] = try kind.read(items)
    }
    show = { kind.show($0[keyPath: path]) }
    compare = { $0[keyPath: path] == $1[keyPath: path] }
    unset = { kind.isUnset($0[keyPath: path]) }
    take = { $1[keyPath: path] = $0[keyPath: path] }
  }

  /// The environment variable: `BELFRY_HISTORY_AGE`.
  package var variable: String {
    Self.variablePrefix + name.uppercased().map { $0 == "-" ? "_" : $0 }
  }

  /// What the names of our variables begin with.
  static let variablePrefix = "BELFRY_"

  /// The value as a config file has it; empty when there is none.
  package func text(of settings: ServerSettings) -> String { show(settings) }

  /// Whether both have the same value.
  func isEqual(_ settings: ServerSettings, _ others: ServerSettings) -> Bool {
    compare(settings, others)
  }

  /// Whether a server that runs can take the value that `settings` have.
  func isLive(in settings: ServerSettings) -> Bool {
    switch change {
    case .live: true
    case .liveUnlessUnset: !unset(settings)
    case .restart: false
    }
  }

  /// Copies the value.
  func copy(from settings: ServerSettings, to others: inout ServerSettings) {
    take(settings, &others)
  }

  /// Reads a value: several items of a list, one of any other option.
  func set(_ items: [String], in settings: inout ServerSettings) throws(BadOptionValue) {
    try write(items, &settings)
  }
}
