internal import ArgumentParser
internal import BelfryServer
internal import Logging
internal import Reactor

/// `belfry serve`: runs until it is told to stop.
struct Serve: ServerCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs the server until SIGTERM or SIGINT.",
    discussion: """
      Options can also come from environment variables and from a file. The variable of --history-age \
      is BELFRY_HISTORY_AGE; a list is separated by commas. The file, named by --config, has lines \
      such as history-age = 2h. The command line overrides the environment, and the environment \
      overrides the file. Write durations as 500ms, 15s, 2m, 1h or 31d, and sizes as 512, 64KiB or \
      1MiB.
      """)

  @Argument(
    parsing: .captureForPassthrough, help: "The options of serve.", completion: optionCompletion)
  var arguments: [String] = []

  func run() throws {
    // Until there is somebody to hear them: by themselves they would end the server.
    for signal in [Signal.hangUp, .user1, .user2] { signal.ignore() }
    let given = try given()
    let settings = try settings(given)
    StandardDescriptors.fill()
    OtherDescriptors.keep()
    let writer = try LineWriter(to: 2)
    defer { writer.close() }
    let level = LogLevel(settings.logLevel)
    let logger = Logger(label: "belfry") { _ in LineLogHandler(writer: writer, level: level) }
    for (name, nearest) in given.unknownVariables {
      var facts: Logger.Metadata = ["variable": "\(name)"]
      if let nearest { facts["nearest"] = "\(nearest)" }
      logger.warning("unknown environment variable", metadata: facts)
    }
    do {
      let server = try Server(Environment.ofProcess(settings), logger: logger)
      let reload = Reload(on: .hangUp) { [arguments] () throws(SettingsError) in
        try Self.reread(arguments)
      } setLogLevel: {
        level.value = $0
      }
      try server.run(
        stopping: [.terminate, .interrupt], handingOver: [.user2], reopening: [.user1],
        reload: reload
      ) {
        announce(server, settings, logger)
      }
      logger.info("stopped")
    } catch let error where error is ReactorError || error is SettingsError {
      logger.error("cannot serve", metadata: ["reason": "\(error)"])
      throw ExitCode(1)
    }
  }

  /// The settings as they would be now, were the program started anew.
  private static func reread(_ arguments: [String]) throws(SettingsError) -> ServerSettings {
    do throws(OptionMistakes) {
      return try GivenOptions(arguments, environment: Environment.variables).settings()
    } catch {
      throw SettingsError("\(error)")
    }
  }

  private func announce(_ server: Server, _ settings: ServerSettings, _ logger: Logger) {
    for address in server.addresses {
      var facts: Logger.Metadata = ["address": "\(address)"]
      if case .tcp(let host, let port) = address {
        // An address that a browser on this machine can open.
        let name = host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host
        let shown = ListenAddress.tcp(host: name, port: port)
        facts["url"] = "http://\(shown)\(settings.basePath)/"
      }
      logger.info("listening", metadata: facts)
    }
    for address in server.adminAddresses {
      logger.info("admin listening", metadata: ["address": "\(address)"])
    }
  }
}
