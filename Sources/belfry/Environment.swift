internal import BelfryServer
internal import Handover
internal import Reactor

/// What this process was started with, beside its command line.
enum Environment {
  /// What the service manager calls a socket that is for operators (systemd.socket(5), FileDescriptorName=).
  private static let adminSocketName = "admin"

  /// The variables that set options, with their values.
  static var variables: [String: String] {
    var variables: [String: String] = [:]
    for name in ProcessEnvironment.names where name.hasPrefix("BELFRY_") {
      variables[name] = ProcessEnvironment.value(of: name)
    }
    return variables
  }

  /// The settings with what the process was started with and by whom.
  ///
  /// - Throws: a `ReactorError` when it was handed a socket that is none, a `SettingsError` for a
  ///   takeover that is none.
  static func ofProcess(_ settings: ServerSettings) throws -> ServerSettings {
    var settings = settings
    let handed = try ServiceDescriptors(fileName: ServerSettings.keptFileName)
    settings.inherited = handed.sockets.filter { $0.name != adminSocketName }
    settings.inheritedAdmin = handed.sockets.filter { $0.name == adminSocketName }
    settings.keptFile = handed.file
    settings.predecessor = try predecessor
    settings.service = service
    settings.successor = SuccessorSettings(
      arguments: CommandLine.arguments, environment: ProcessEnvironment.entries)
    return settings
  }

  /// The server that this process is to take over from; nil when it begins by itself.
  ///
  /// - Throws: when the variable that says so was set by nobody who knows what it means.
  static var predecessor: PredecessorSettings? {
    get throws(SettingsError) {
      guard let text = ProcessEnvironment.value(of: SuccessorSettings.variable) else { return nil }
      guard let sockets = Int32(text), 0..<Int32(SpawnedProcess.maximumDescriptors) ~= sockets
      else {
        throw SettingsError(
          "\(SuccessorSettings.variable)=\(text) is invalid: only Belfry itself sets this variable, for its successor"
        )
      }
      return PredecessorSettings(sockets: sockets)
    }
  }

  /// The service manager that started this process (sd_notify(3), sd_watchdog_enabled(3)); nil when
  /// none did that wants to hear of it.
  private static var service: ServiceSettings? {
    guard let socket = ProcessEnvironment.value(of: "NOTIFY_SOCKET") else { return nil }
    var settings = ServiceSettings(socket: socket)
    let process = ProcessEnvironment.value(of: "WATCHDOG_PID").map { Int32($0) }
    if process ?? ProcessEnvironment.processID == ProcessEnvironment.processID,
      let time = ProcessEnvironment.value(of: "WATCHDOG_USEC").flatMap({ Int64($0) }), time > 0
    {
      settings.watchdog = .microseconds(time)
    }
    return settings
  }
}
