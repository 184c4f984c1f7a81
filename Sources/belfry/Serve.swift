internal import ArgumentParser
internal import BelfryServer
internal import Logging
internal import Reactor

/// `belfry serve`: runs until it is told to stop.
struct Serve: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serves the chat room until SIGTERM or SIGINT.",
    discussion: """
      Every option can also be set in the environment: BELFRY_ and its name in capitals with _ for \
      -, lists separated by commas. The command line wins. Durations are written 500ms, 15s, 2m, \
      1h or 31d, sizes 512, 64KiB or 1MiB.
      """)

  @OptionGroup var options: ServeOptions

  func validate() throws { _ = try options.settings() }

  func run() throws {
    StandardDescriptors.fill()
    OtherDescriptors.keep()
    let writer = try LineWriter(to: 2)
    defer { writer.close() }
    let level = options.logLevel.value
    let logger = Logger(label: "belfry") { _ in LineLogHandler(writer: writer, logLevel: level) }
    for name in Environment.unknownVariables(options: ServeOptions.names) {
      logger.warning("\(name) in the environment is no option of this program")
    }
    do {
      let server = try Server(options.settingsOfProcess(), logger: logger)
      try server.run(stopping: [.terminate, .interrupt], handingOver: [.user2]) {
        for address in server.addresses { announce(address, logger) }
      }
      logger.info("stopped")
    } catch let error as ReactorError {
      logger.error("\(error)")
      throw ExitCode(1)
    } catch let error as SettingsError {
      logger.error("\(error)")
      throw ExitCode(1)
    }
  }

  private func announce(_ address: ListenAddress, _ logger: Logger) {
    let basePath = options.basePath.value
    switch address {
    case .unix: logger.info("listening on \(address)")
    case .tcp(let host, let port):
      let name = host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host
      let shown = ListenAddress.tcp(host: name, port: port)
      logger.info("listening: open http://\(shown)\(basePath)/ in a browser")
    }
  }
}
