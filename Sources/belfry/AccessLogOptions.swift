internal import ArgumentParser
internal import BelfryServer

/// Options of the record of requests and streams.
struct AccessLogOptions: ParsableArguments {
  @Option(
    help: """
      A file that gets a line for each finished request and stream; - is standard output. SIGUSR1 has \
      it opened again. (default: none)
      """)
  var accessLog: String?

  @Option(help: "What its lines are: combined, as nginx writes them, or json.")
  var accessLogFormat = AccessLogFormat.combined

  static let names = ["access-log", "access-log-format"]

  /// nil: there is to be none.
  var settings: AccessLogSettings? {
    accessLog.map { AccessLogSettings(path: $0, format: accessLogFormat) }
  }
}

extension AccessLogFormat: ExpressibleByArgument {}
