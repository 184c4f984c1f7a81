import Foundation
import TestSupport
import Testing

/// A server that took over from one which a test has started; ended with the test.
final class Successor {
  let processID: Int32
  private var hasEnded = false

  /// Has `program`, or whoever took over from it, replaced, and waits until the successor serves.
  ///
  /// - Parameter count: how many takeovers `program` has seen before.
  init(of program: ProgramTests.Program, signalling process: Int32, after count: Int = 0) throws {
    kill(process, SIGUSR2)
    var found: Int32?
    let came = eventually {
      let matches = program.text.matches(of: /taken over by=([0-9]+)/)
      found = matches.count > count ? Int32(matches[count].1) : nil
      return found != nil
    }
    guard came, let found else {
      throw Client.Failure(description: "nobody took over: \(program.text)")
    }
    processID = found
  }

  deinit { if isRunning { kill(processID, SIGKILL) } }

  /// It is nobody's child here, so what is left of it may be there for a while.
  var isRunning: Bool {
    guard let text = try? String(contentsOfFile: "/proc/\(processID)/stat", encoding: .utf8)
    else { return false }
    return text.split(separator: ")").last?.split(separator: " ").first != "Z"
  }

  /// Ends it properly.
  func stop() throws {
    kill(processID, SIGTERM)
    guard eventually({ !isRunning }) else {
      throw Client.Failure(description: "the successor is still running")
    }
  }
}
