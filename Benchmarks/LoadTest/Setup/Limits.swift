package import Reactor

/// What this machine lets a load process have.
package struct Limits: Codable, Equatable, Sendable {
  /// RLIMIT_NOFILE, as far as the process may raise it.
  package var descriptors: Int
  /// Ports that the kernel gives to connections from here.
  package var firstPort: Int
  package var lastPort: Int

  package init(descriptors: Int, firstPort: Int, lastPort: Int) {
    self.descriptors = descriptors
    self.firstPort = firstPort
    self.lastPort = lastPort
  }

  /// Raises the limit of descriptors, and reads the others.
  package static var current: Limits {
    let numbers = (ServerSample.text("/proc/sys/net/ipv4/ip_local_port_range") ?? "")
      .split { $0 == "\t" || $0 == " " || $0 == "\n" }.compactMap { Int($0) }
    // The kernel's default, where /proc is not there.
    return Limits(
      descriptors: DescriptorLimit.raise(), firstPort: numbers.first ?? 32768,
      lastPort: numbers.last ?? 60999)
  }

  /// Descriptors that a load process needs beside its connections.
  static let reserve = 32

  /// What would help against a call that failed for want of something; nil where nothing here would.
  package static func advice(for error: ReactorError, _ plan: Plan) -> String? {
    if error.isOutOfDescriptors {
      let each = (plan.listeners + plan.workers - 1) / plan.workers
      let needed = each + plan.publishers + reserve
      return
        "\(error). Run `ulimit -n \(needed)` first (root can raise the hard limit), or add "
        + "`--processes \(plan.workers + 1)`; if the whole system has none left, "
        + "`sysctl -w fs.file-max=\(max(1_000_000, 4 * plan.listeners))`."
    }
    guard error.isOutOfPorts else { return nil }
    let more = plan.sources > 0 ? " or add `--sources \(plan.sources + 1)`," : ""
    return
      "\(error). Run `sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\"`,\(more) or wait until "
      + "ports of earlier connections are free again."
  }

  private var ports: Int { max(1, lastPort - firstPort + 1) }

  /// How many loopback addresses a load is best spread over: the kernel takes long to find a port
  /// when most of an address's are taken.
  package func sources(for plan: Plan) -> Int {
    min(254, (plan.listeners + plan.publishers) * 2 / ports + 1)
  }

  /// - Parameter usesPorts: whether connections have ports: a Unix socket's have none.
  /// - Parameter isLoopback: whether the target is in 127.0.0.0/8.
  /// - Throws: what is too little, and the command that gives more.
  package func check(
    _ plan: Plan, usesPorts: Bool, isLoopback: Bool
  ) throws(BadInput) {
    let each = (plan.listeners + plan.workers - 1) / plan.workers
    let needed = each + plan.publishers + Self.reserve
    if needed > descriptors {
      let room = max(1, descriptors - plan.publishers - Self.reserve)
      let processes = (plan.listeners + room - 1) / room
      throw BadInput(
        "\(Text.grouped(each)) listeners in one process need \(needed) file descriptors, but the limit "
          + "is \(descriptors). Run `ulimit -n \(needed)` first (root can raise the hard limit), "
          + "or add `--processes \(processes)`.")
    }
    guard usesPorts else { return }
    if plan.sources > 1, !isLoopback {
      throw BadInput(
        "--sources works only for servers in 127.0.0.0/8")
    }
    let connections = plan.listeners + plan.publishers
    let possible = ports * plan.sources
    guard connections > possible else { return }
    let more =
      isLoopback ? ", or add `--sources \((connections + ports - 1) / ports)`" : ""
    throw BadInput(
      "\(Text.grouped(connections)) connections need as many ports, but there are only "
        + "\(Text.grouped(possible)) (ip_local_port_range \(firstPort) to \(lastPort)). Run "
        + "`sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\"`\(more).")
  }
}
