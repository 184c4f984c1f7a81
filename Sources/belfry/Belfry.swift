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
    subcommands: [Serve.self, Check.self, Publish.self, Listen.self],
    defaultSubcommand: Serve.self)

  /// Reads the environment and the file of options too, where the command line leaves something unsaid.
  static func main() {
    let commandLine = Array(CommandLine.arguments.dropFirst())
    // Until there is somebody to hear them: by themselves they would end the server, as they shall
    // end the other commands.
    if Environment.subcommand(of: commandLine) == "serve" {
      for signal in [Signal.hangUp, .user1, .user2] { signal.ignore() }
    }
    do {
      let arguments: [String]
      do {
        arguments = try Environment.sources(of: commandLine, options: ServeOptions.names).arguments
      } catch {
        throw ValidationError("\(error)")
      }
      var command = try parseAsRoot(arguments)
      try command.run()
    } catch {
      exit(withError: error)
    }
  }
}
