internal import Reactor

/// What processes have used so far, and hold: read from /proc.
package struct ServerSample: Codable, Sendable {
  /// Seconds of processor time, user and system; exact to 10 ms for each process.
  package var processorSeconds: Double = 0
  /// Resident memory of their own: RssAnon + RssShmem, in bytes. Files and code, which others share,
  /// are left out; what processes share among themselves is counted once for each.
  package var residentBytes = 0

  package init() {}

  /// Sums over `pids`; a process that is gone counts as nothing.
  package init(of pids: [Int]) {
    for pid in pids {
      if let fields = Self.text("/proc/\(pid)/stat")?.split(separator: ")").last?
        .split(separator: " "), fields.count > 12, let user = Int(fields[11]),
        let system = Int(fields[12])
      {
        // USER_HZ is 100 on every Linux that Swift runs on (proc(5) gives these fields in it).
        processorSeconds += Double(user + system) / 100
      }
      for line in Self.text("/proc/\(pid)/status")?.split(separator: "\n") ?? [] {
        guard line.hasPrefix("RssAnon:") || line.hasPrefix("RssShmem:") else { continue }
        let parts = line.split { $0 == " " || $0 == "\t" }
        if parts.count > 1, let kibibytes = Int(parts[1]) { residentBytes += kibibytes * 1024 }
      }
    }
  }

  /// Whether a process of this number is there.
  package static func exists(_ pid: Int) -> Bool { text("/proc/\(pid)/stat") != nil }

  /// A process and all that it started, and they, in turn.
  package static func family(of pid: Int) -> [Int] {
    var family = [pid]
    var index = 0
    while index < family.count {
      let parent = family[index]
      index += 1
      // Children are listed with the thread that started them; nearly always the first.
      let text = text("/proc/\(parent)/task/\(parent)/children") ?? ""
      for child in text.split(separator: " ") {
        if let child = Int(child), !family.contains(child) { family.append(child) }
      }
    }
    return family
  }

  static func text(_ path: String) -> String? {
    (try? File.read(path, maximumBytes: 1 << 20)).map { String(decoding: $0, as: UTF8.self) }
  }
}

/// How long the calling thread could have run while others had the core.
enum RunDelay {
  /// Seconds since the thread began; 0 where the kernel does not count them.
  static var seconds: Double {
    // Time on the core, time waiting for it, how often: proc(5) has nanoseconds.
    let fields = ServerSample.text("/proc/thread-self/schedstat")?.split(separator: " ") ?? []
    guard fields.count > 1, let nanoseconds = Double(fields[1]) else { return 0 }
    return nanoseconds / 1e9
  }
}

/// The straight line that comes nearest to points, by least squares.
enum Trend {
  /// How much y grows with each x; 0 when that can't be said.
  static func slope(_ points: [(x: Double, y: Double)]) -> Double {
    guard points.count > 1 else { return 0 }
    let count = Double(points.count)
    let meanX = points.reduce(0) { $0 + $1.x } / count
    let meanY = points.reduce(0) { $0 + $1.y } / count
    let square = points.reduce(0) { $0 + ($1.x - meanX) * ($1.x - meanX) }
    guard square > 0 else { return 0 }
    return points.reduce(0) { $0 + ($1.x - meanX) * ($1.y - meanY) } / square
  }
}
