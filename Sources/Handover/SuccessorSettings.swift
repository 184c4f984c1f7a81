internal import Reactor

/// How a server starts the one that takes over from it.
package struct SuccessorSettings: Sendable {
  /// Set for a successor: how many sockets it is handed.
  package static let variable = "BELFRY_TAKEOVER"

  /// The program's name first, as this one was called.
  package var arguments: [String]
  /// `NAME=VALUE`.
  package var environment: [String]

  /// - Parameters:
  ///   - arguments: not empty.
  ///   - environment: this process' own, out of which goes what is about this process alone.
  package init(arguments: [String], environment: [String]) {
    precondition(!arguments.isEmpty, "a program has a name")
    self.arguments = arguments
    let own = [Self.variable, "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "WATCHDOG_PID"]
    self.environment = environment.filter { entry in
      !own.contains(where: { entry.hasPrefix($0 + "=") })
    }
  }
}

/// What a successor was handed at its start: descriptor 3 is the connection to its predecessor, the
/// sockets follow.
package struct PredecessorSettings: Sendable {
  /// How many of them there are.
  package var sockets: Int32

  /// - Parameter sockets: what `SuccessorSettings.variable` says.
  package init(sockets: Int32) { self.sockets = sockets }
}
