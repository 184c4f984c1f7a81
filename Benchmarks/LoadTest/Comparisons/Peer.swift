internal import Foundation

/// A server that `compare` knows how to start.
package enum Peer: String, CaseIterable, Codable, CodingKeyRepresentable, Sendable {
  /// This one.
  case belfry
  /// A bare loop with one `send` for each delivery: no server that sends each message by itself can be
  /// cheaper.
  case floor
  case nchan
  case pushpin
  case flask

  /// Whether it is a rival: neither ourselves nor the floor.
  package var isRival: Bool { self != .belfry && self != .floor }

  /// Why a scenario says nothing of it; nil when it does.
  func unfit(for scenario: Scenario) -> String? {
    guard scenario == .connectStorm else { return nil }
    switch self {
    case .belfry, .nchan: return nil
    case .floor, .pushpin, .flask:
      return "it keeps no history, so a listener that reconnects does not get what it missed"
    }
  }

  /// Why it can't hold so many listeners with so many descriptors to a process; nil when it can.
  func tooMany(_ listeners: Int, descriptors: Int) -> String? {
    // Flask's process has a connection to Redis for each stream.
    let each = self == .flask ? 2 : 1
    guard listeners * each + 200 > descriptors else { return nil }
    return
      "\(Text.grouped(listeners)) streams need \(Text.grouped(listeners * each)) file descriptors, "
      + "but the limit per process is \(Text.grouped(descriptors))"
  }

  /// How many streams may be asked for at once. Pushpin 1.36 on one core answers most of 256 with 502,
  /// and none of 16.
  var pending: Int { self == .pushpin ? 16 : 256 }

  /// What a table calls it.
  package var title: String {
    switch self {
    case .belfry: "Belfry"
    case .floor: "floor (a bare `send` loop)"
    case .nchan: "nchan (one nginx worker)"
    case .pushpin: "Pushpin"
    case .flask: "Flask + Redis"
    }
  }

  /// What it is, in which version; nil when nobody says.
  func version(_ place: PeerPlace) -> String? {
    let packages: [String] =
      switch self {
      case .belfry: []
      case .floor: ["gcc"]
      case .nchan: ["nginx-light", "libnginx-mod-nchan"]
      case .pushpin: ["pushpin", "condure", "zurl"]
      case .flask: ["python3", "python3-flask", "python3-redis", "redis-server"]
      }
    guard !packages.isEmpty else {
      return PeerPlace.firstLine(of: [place.belfry, "--version"]).map {
        "\($0), \(Program.compiler)"
      }
    }
    return PeerPlace.firstLine(
      of: ["dpkg-query", "-W", "-f", "${Package} ${Version} "] + packages)
  }

  /// What is not on this machine, and how to get it; nil when it can be started.
  package func missing(_ place: PeerPlace) -> String? {
    func lacks(_ programs: String...) -> Bool {
      programs.contains { PeerPlace.program($0) == nil }
    }
    switch self {
    case .belfry:
      return FileManager.default.isExecutableFile(atPath: place.belfry)
        ? nil : "\(place.belfry) does not exist: swift build -c release --product belfry"
    case .floor:
      if lacks("cc") { return "needs a C compiler: apt-get install gcc libc6-dev" }
      return place.has("fanout/floor.c") ? nil : "Benchmarks/fanout/floor.c does not exist"
    case .nchan:
      return lacks("nginx") || !FileManager.default.fileExists(atPath: PeerPlace.nchanModule)
        ? "apt-get install nginx-light libnginx-mod-nchan" : nil
    case .pushpin:
      if lacks("pushpin", "condure", "zurl", "python3") {
        return "apt-get install pushpin condure zurl python3"
      }
      return place.has("peers/pushpin/backend.py") ? nil : "Benchmarks/peers does not exist"
    case .flask:
      if lacks("redis-server") || !PeerPlace.hasFlask {
        return "apt-get install python3-flask python3-redis redis-server"
      }
      return place.has("peers/flask/app.py") ? nil : "Benchmarks/peers does not exist"
    }
  }
}

/// Where the things are that peers are made of.
package struct PeerPlace: Sendable {
  /// The folder `Benchmarks`.
  package let benchmarks: String
  /// The server's program.
  package let belfry: String

  static let nchanModule = "/usr/lib/nginx/modules/ngx_nchan_module.so"

  /// - Parameter belfry: the server's program; nil for the one beside this program.
  package init(belfry: String?) {
    let here = URL(fileURLWithPath: Program.path).deletingLastPathComponent()
    self.belfry = belfry ?? here.appendingPathComponent("belfry").path
    // From the build's folder, or from where the tool is started.
    var places: [URL] = []
    for start in [here, URL(fileURLWithPath: FileManager.default.currentDirectoryPath)] {
      var folder = start
      while folder.path != "/", folder.path.count > 1 {
        places.append(folder.appendingPathComponent("Benchmarks"))
        folder = folder.deletingLastPathComponent()
      }
    }
    let floor = places.first {
      FileManager.default.fileExists(atPath: $0.appendingPathComponent("fanout/floor.c").path)
    }
    benchmarks = floor?.path ?? "Benchmarks"
  }

  func path(_ name: String) -> String { "\(benchmarks)/\(name)" }
  func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

  /// A program's whole path; also where only root looks.
  static func program(_ name: String) -> String? {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    for folder in path.split(separator: ":") + ["/usr/bin", "/usr/sbin", "/sbin"] {
      let candidate = "\(folder)/\(name)"
      if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
    }
    return nil
  }

  /// The first line that a program prints; nil when it can't be run, or fails.
  static func firstLine(of command: [String]) -> String? {
    guard let path = command[0].hasPrefix("/") ? command[0] : program(command[0]) else {
      return nil
    }
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = Array(command.dropFirst())
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let line = String(decoding: data, as: UTF8.self).split(separator: "\n").first
    guard process.terminationStatus == 0, let line else { return nil }
    return line.trimmingCharacters(in: .whitespaces)
  }

  /// Debian's Python, which has Debian's packages whatever else is installed.
  static let python = "/usr/bin/python3"

  static var hasFlask: Bool {
    guard FileManager.default.isExecutableFile(atPath: python) else { return false }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = ["-c", "import flask, redis"]
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }
}
