internal import ArgumentParser
internal import BelfryServer
internal import Chat
internal import Reactor

/// `belfry check`: what `belfry serve` would do with the same options, environment and files.
struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Reads options, environment and files as serve does, and prints what comes of them.",
    discussion: """
      Takes the options of serve. Prints each with its value and who gave it, secrets left out; nothing \
      is listened on, connected to or written. The status is 64 when one of them is wrong; what only a start shows, \
      such as an address that is taken, isn't tried. \
      What is doubtful is said on standard error.
      """)

  @OptionGroup var options: ServeOptions

  func validate() throws { _ = try options.settings() }

  func run() throws {
    StandardDescriptors.fill()
    for name in Environment.unknownVariables(options: ServeOptions.names) {
      warn("\(name) in the environment is no option of this program")
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
        "belfry: the limit on descriptors (ulimit -n) is too low to serve with\n")
      throw ExitCode(1)
    }
    if let asked = settings.admission.listeners, asked > room {
      warn("--max-listeners \(asked): the limit on descriptors (ulimit -n) leaves \(room)")
    }
    if settings.sessionKeys == nil {
      warn("no secret is set: sign-ins end with the process (see --secret-file)")
    }
  }

  /// How many secrets there are, which is all that is said of them.
  static func count(_ keys: Int) -> String { keys == 1 ? "set, 1 key" : "set, \(keys) keys" }

  private func warn(_ text: String) { StandardStream.error.write("belfry: warning: \(text)\n") }
}
