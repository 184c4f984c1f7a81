internal import ArgumentParser
internal import BelfryServer
internal import Operations

/// Options of the record of requests and streams.
struct AccessLogOptions: ParsableArguments {
  @Option(
    help: """
      Log each finished request and stream to this file, one line each; - is standard output. \
      SIGUSR1 reopens the file. (default: none)
      """)
  var accessLog: String?

  @Option(help: "Format of the access log: combined, as nginx writes it, or json.")
  var accessLogFormat = AccessLogFormat.combined

  static let names = ["access-log", "access-log-format"]

  /// nil: there is to be none.
  var settings: AccessLogSettings? {
    accessLog.map { AccessLogSettings(path: $0, format: accessLogFormat) }
  }
}

extension AccessLogFormat: ExpressibleByArgument {}
