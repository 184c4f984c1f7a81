internal import ArgumentParser
internal import BelfryServer
internal import Chat
internal import Limits
internal import Reactor

/// `belfry check`: what `belfry serve` would do with the same options, environment and files.
struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Checks options, environment and files, and prints the resulting settings.",
    discussion: """
      Takes the same options as serve. Prints each option with its value and its source; secrets are \
      not shown. Opens no socket and writes no file, so it cannot find a problem that only a start \
      shows, such as an address in use. Warnings go to standard error. Exits with status 64 when a \
      setting is invalid.
      """)

  @OptionGroup var options: ServeOptions

  func validate() throws { _ = try options.settings() }

  func run() throws {
    StandardDescriptors.fill()
    for name in Environment.unknownVariables(options: ServeOptions.names) {
      warn("unknown environment variable \(name)")
    }
    let sources = try Environment.sources(
      of: Array(CommandLine.arguments.dropFirst()), options: ServeOptions.names)
    let settings = try options.settings()
    let room = try? DescriptorBudget(
      settings, adminSockets: settings.adminListen.count, limit: DescriptorLimit.raise()
    ).streams
    for (name, value) in options.shown(settings, listenerRoom: room) {
      let origin = sources.origins[name]?.rawValue ?? "default"
      StandardStream.output.write("\(name) = \(value)  # \(origin)\n")
    }
    if let keys = settings.sessionKeys, options.secretFile == nil {
      StandardStream.output.write("BELFRY_SECRET = \(Self.count(keys.all.count))  # environment\n")
    }
    guard let room else {
      StandardStream.error.write(
        "belfry: the file descriptor limit (ulimit -n) is too low to serve\n")
      throw ExitCode(1)
    }
    if let asked = settings.admission.listeners, asked > room {
      warn("--max-listeners \(asked): the file descriptor limit (ulimit -n) allows only \(room)")
    }
    if settings.sessionKeys == nil {
      warn("no session key is set: sign-ins are lost when the server stops (see --secret-file)")
    }
  }

  /// How many secrets there are, which is all that is said of them.
  static func count(_ keys: Int) -> String { keys == 1 ? "set, 1 key" : "set, \(keys) keys" }

  private func warn(_ text: String) { StandardStream.error.write("belfry: warning: \(text)\n") }
}
