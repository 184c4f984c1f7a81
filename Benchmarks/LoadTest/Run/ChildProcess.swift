internal import Foundation
internal import Reactor

/// A program that this one started, and ends.
final class ChildProcess {
  private let process = Process()
  private let name: String

  /// - Parameter cores: the processor cores it may use, as `taskset` takes them; nil for all.
  /// - Parameter log: the file that gets what it prints.
  init(
    _ arguments: [String], environment: [String: String] = [:], cores: String? = nil, log: String
  ) throws(BadInput) {
    name = arguments.first ?? ""
    // Ended with us, however we end.
    var command = arguments
    if let setpriv = PeerPlace.program("setpriv") {
      command = [setpriv, "--pdeathsig", "TERM"] + command
    }
    if let cores, let taskset = PeerPlace.program("taskset") {
      command = [taskset, "-c", cores] + command
    }
    guard let program = PeerPlace.program(command[0]) ?? command.first else {
      throw BadInput("there is nothing to start")
    }
    _ = FileManager.default.createFile(atPath: log, contents: nil)
    do {
      let output = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
      process.executableURL = URL(fileURLWithPath: program)
      process.arguments = Array(command.dropFirst())
      process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = output
      process.standardError = output
      try process.run()
    } catch {
      throw BadInput("\(name) can't be started: \(error.localizedDescription)")
    }
  }

  deinit { end() }

  var pid: Int { Int(process.processIdentifier) }
  var isRunning: Bool { process.isRunning }

  /// Has it end, and waits for that.
  func end() {
    guard process.isRunning else { return }
    process.terminate()
    let deadline = Date(timeIntervalSinceNow: 15)
    while process.isRunning, Date() < deadline { Thread.sleep(forTimeInterval: 0.01) }
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
  }
}
