internal import Reactor

/// Where and by what something was measured.
package struct Machine: Codable, Equatable, Sendable {
  package var processor: String
  package var cores: Int
  package var memoryBytes: Int
  package var kernel: String
  package var system: String
  package var descriptors: Int
  package var ports: String
  /// Runnable processes in the last minute, before the load.
  package var loadAverage: Double

  /// This machine, now.
  package static func current(_ limits: Limits) -> Machine {
    let processors = (ServerSample.text("/proc/cpuinfo") ?? "").split(separator: "\n")
    let memory = (ServerSample.text("/proc/meminfo") ?? "").split(separator: "\n")
      .first { $0.hasPrefix("MemTotal:") }?.split(separator: " ")
    let release = (ServerSample.text("/etc/os-release") ?? "").split(separator: "\n")
      .first { $0.hasPrefix("PRETTY_NAME=") }?.dropFirst(12)
    let kernel = ServerSample.text("/proc/sys/kernel/osrelease")?.split(separator: "\n").first
    let load = ServerSample.text("/proc/loadavg")?.split(separator: " ").first
    return Machine(
      processor: processors.first { $0.hasPrefix("model name") }?.split(separator: ":").last
        .map { String($0.drop { $0 == " " }) } ?? "unknown",
      cores: processors.count { $0.hasPrefix("processor") },
      memoryBytes: (memory.flatMap { $0.count > 1 ? Int($0[1]) : nil } ?? 0) * 1024,
      kernel: kernel.map(String.init) ?? "unknown",
      system: release.map { String($0.filter { $0 != "\"" }) } ?? "unknown",
      descriptors: limits.descriptors, ports: "\(limits.firstPort)-\(limits.lastPort)",
      loadAverage: load.flatMap { Double($0) } ?? 0)
  }

  /// What it lets a load have, and how busy it was.
  package var limits: String {
    "\(Text.grouped(descriptors)) descriptors, ports \(ports), load average "
      + "\(Text.number(loadAverage)) before"
  }

  /// In one line.
  package var summary: String {
    "\(processor), \(cores) cores, \(Text.bytes(Double(memoryBytes))); \(system), Linux \(kernel)"
  }
}
