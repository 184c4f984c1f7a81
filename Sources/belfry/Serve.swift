internal import ArgumentParser
internal import BelfryServer
internal import Logging
internal import Reactor

/// `belfry serve`: runs until it is told to stop.
struct Serve: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs the server until SIGTERM or SIGINT.",
    discussion: """
      Options can also come from environment variables and from a file. The variable of --history-age \
      is BELFRY_HISTORY_AGE; a list is separated by commas. The file, named by --config, has lines \
      such as history-age = 2h. The command line overrides the environment, and the environment \
      overrides the file. Write durations as 500ms, 15s, 2m, 1h or 31d, and sizes as 512, 64KiB or \
      1MiB.
      """)

  @OptionGroup var options: ServeOptions

  func validate() throws { _ = try options.settings() }

  func run() throws {
    StandardDescriptors.fill()
    OtherDescriptors.keep()
    let writer = try LineWriter(to: 2)
    defer { writer.close() }
    let level = LogLevel(options.logLevel.value)
    let logger = Logger(label: "belfry") { _ in LineLogHandler(writer: writer, level: level) }
    for name in Environment.unknownVariables(options: ServeOptions.names) {
      logger.warning("unknown environment variable", metadata: ["variable": "\(name)"])
    }
    do {
      let server = try Server(options.settingsOfProcess(), logger: logger)
      let reload = Reload(on: .hangUp, load: Self.reread) { level.value = $0 }
      try server.run(
        stopping: [.terminate, .interrupt], handingOver: [.user2], reopening: [.user1],
        reload: reload
      ) {
        for address in server.addresses { announce(address, logger) }
        for address in server.adminAddresses {
          logger.info("admin listening", metadata: ["address": "\(address)"])
        }
      }
      logger.info("stopped")
    } catch let error where error is ReactorError || error is SettingsError {
      logger.error("cannot serve", metadata: ["reason": "\(error)"])
      throw ExitCode(1)
    }
  }

  /// The settings as they would be now, were the program started anew.
  private static func reread() throws(SettingsError) -> ServerSettings {
    let commandLine = Array(CommandLine.arguments.dropFirst())
    do {
      var arguments = try Environment.sources(of: commandLine, options: ServeOptions.names)
        .arguments
      if arguments.first == "serve" { arguments.removeFirst() }
      return try Serve.parse(arguments).options.settings()
    } catch let error as UnreadableFile {
      throw SettingsError("\(error)")
    } catch {
      throw SettingsError(Serve.message(for: error))
    }
  }

  private func announce(_ address: ListenAddress, _ logger: Logger) {
    var facts: Logger.Metadata = ["address": "\(address)"]
    if case .tcp(let host, let port) = address {
      // An address that a browser on this machine can open.
      let name = host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host
      let shown = ListenAddress.tcp(host: name, port: port)
      facts["url"] = "http://\(shown)\(options.basePath.value)/"
    }
    logger.info("listening", metadata: facts)
  }
}
