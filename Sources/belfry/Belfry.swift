internal import ArgumentParser
internal import BelfryServer
internal import BelfryVersion
internal import Reactor

/// The program.
@main
struct Belfry: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "belfry",
    abstract: "A Server-Sent Events server for thousands of open streams, with a chat room.",
    version: Version.text,
    subcommands: [
      Serve.self, Check.self, Publish.self, Listen.self, PrintOptions.self, PrintMetrics.self,
      PrintRoutes.self,
    ],
    defaultSubcommand: Serve.self)

  /// A command line that begins with one of these names no command.
  private static let ownOptions = [
    "-h", "-help", "--help", "--version", "--generate-completion-script",
    "--experimental-dump-help",
  ]

  static func main() {
    let commandLine = Array(CommandLine.arguments.dropFirst())
    do {
      var command = try serverCommand(commandLine) ?? parseAsRoot(commandLine)
      try command.run()
    } catch {
      exit(withError: error)
    }
  }

  /// The command that takes the options of `OptionTable`; nil: another, whose options the parser reads.
  ///
  /// - Throws: the end of the program when there is no such command.
  private static func serverCommand(_ commandLine: [String]) throws -> (any ParsableCommand)? {
    switch commandLine.first {
    case "serve":
      return Serve(commandLine.dropFirst())
    case "check":
      return Check(commandLine.dropFirst())
    case "help" where commandLine.count == 2 && commandLine[1] == "serve":
      return Serve(["--help"])
    case "help" where commandLine.count == 2 && commandLine[1] == "check":
      return Check(["--help"])
    case let first? where !first.hasPrefix("-"):
      let commands = configuration.subcommands.map { $0._commandName } + ["help"]
      guard !commands.contains(first) else { return nil }
      let nearest = NearestName.of(first, among: commands)
      let remedy = nearest.map { "did you mean \($0)?" } ?? "see belfry --help"
      StandardStream.error.write("Error: \(first.printable): unknown command; \(remedy)\n")
      throw ExitCode.validationFailure
    case let first?
    where ownOptions.contains(where: { first == $0 || first.hasPrefix($0 + "=") })
      || first.hasPrefix("--help-") || first.hasPrefix("---"):
      return nil
    default:
      return Serve(commandLine[...])
    }
  }
}
