internal import ArgumentParser
internal import BelfryServer
internal import Chat
internal import Limits
internal import Reactor

/// `belfry check`: what `belfry serve` would do with the same options, environment and files.
struct Check: ServerCommand {
  static let configuration = CommandConfiguration(
    abstract: "Checks options, environment and files, and prints the resulting settings.",
    discussion: """
      Takes the same options as serve. Prints each option with its value, under the source of the value; \
      secrets are not shown. The output is a config file: serve --config reads it. Opens no socket and \
      writes no file, so it cannot find a problem that only a start shows, such as an address in use. \
      Warnings go to standard error. Exits with status 64 when a setting is invalid.
      """)

  @Argument(
    parsing: .captureForPassthrough, help: "The options of serve.", completion: optionCompletion)
  var arguments: [String] = []

  func run() throws {
    StandardDescriptors.fill()
    let given = try given()
    let settings = try settings(given)
    _ = try Environment.predecessor
    let streams = try? DescriptorBudget(
      settings, adminSockets: settings.adminListen.count, limit: DescriptorLimit.raise()
    ).streams
    for row in OptionTable.rows { show(row, given.source(of: row), settings, streams: streams) }
    if given.hasSecretVariable {
      StandardStream.output.write("# \(GivenOptions.secretVariable): \(Self.keyCount(settings))\n")
    }
    try warn(given, settings, streams: streams)
  }

  /// Prints an option as `--config` reads it, or commented out what a file can't say.
  private func show(
    _ row: OptionRow, _ source: OptionSource, _ settings: ServerSettings, streams: Int?
  ) {
    var text = row.text(of: settings)
    var origin = "\(source)"
    // A default that depends on other things must go on doing so.
    var isRead = !text.isEmpty && (source != .byDefault || row.defaultWords == nil)
    if row.path == \ServerSettings.configFile {
      isRead = false
    } else if row.path == \ServerSettings.keySource, isRead {
      origin += ": \(Self.keyCount(settings))"
    } else if row.path == \ServerSettings.redisAddress, settings.redisAddress?.password != nil {
      isRead = false
      origin += "; the password is not shown"
    } else if row.path == \ServerSettings.admission.listeners, text.isEmpty {
      text = streams.map { "\($0)" } ?? ""
      origin += ": the file descriptor limit"
    }
    let line = "\(isRead ? "" : "#")\(row.name) =\(text.isEmpty ? "" : " ")\(text)"
    StandardStream.output.write("# \(origin.printable)\n\(line.printable)\n")
  }

  private func warn(_ given: GivenOptions, _ settings: ServerSettings, streams: Int?) throws {
    for (name, nearest) in given.unknownVariables {
      warn("unknown environment variable \(name)" + (nearest.map { "; did you mean \($0)?" } ?? ""))
    }
    guard let streams else {
      StandardStream.error.write(
        "belfry: the file descriptor limit (ulimit -n) is too low to serve\n")
      throw ExitCode(1)
    }
    if let asked = settings.admission.listeners, asked > streams {
      warn("--max-listeners \(asked): the file descriptor limit (ulimit -n) allows only \(streams)")
    }
    if settings.sessionKeys == nil {
      warn("no session key is set: sign-ins are lost when the server stops (see --secret-file)")
    }
    if settings.hasUncountedClients {
      warn("per-address limits do not apply to clients on a Unix socket (see --trusted-proxy)")
    }
  }

  /// How many secrets there are, which is all that is said of them.
  private static func keyCount(_ settings: ServerSettings) -> String {
    let keys = settings.sessionKeys?.all.count ?? 0
    return keys == 1 ? "set, 1 key" : "set, \(keys) keys"
  }

  private func warn(_ text: String) {
    StandardStream.error.write("belfry: warning: \(text.printable)\n")
  }
}
