internal import Foundation
internal import Reactor

/// The way to one load process, and back.
protocol WorkerLink: AnyObject {
  func send(_ command: WorkerCommand)
  /// Called at the end of each turn of the conductor's loop.
  func endOfTurn()
  /// Ends it, whatever it does.
  func close()
}

/// A worker in this very process.
final class LocalWorker: WorkerLink {
  private var worker: Worker?

  init(
    on loop: EventLoop, plan: Plan, onEvent: @escaping (WorkerEvent) -> Void
  ) throws(ReactorError) {
    worker = try Worker(on: loop, plan: plan, onEvent: onEvent)
  }

  func send(_ command: WorkerCommand) { worker?.receive(command) }
  func endOfTurn() { worker?.endOfTurn() }
  func close() { worker = nil }
}

/// A worker in a process of its own: commands go to its standard input, events come from its standard
/// output, one line of JSON each.
final class RemoteWorker: WorkerLink {
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private var reader: LineReader?

  /// - Parameter executable: this very program, which `belfry-bench worker` makes a worker.
  /// - Parameter onEnd: it is gone.
  init(
    on loop: EventLoop, executable: String, plan: Plan,
    onEvent: @escaping (WorkerEvent) -> Void, onEnd: @escaping () -> Void
  ) throws {
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = ["worker"]
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    reader = try LineReader(
      on: loop, descriptor: output.fileHandleForReading.fileDescriptor,
      onLine: { line in
        if let event = try? JSONDecoder().decode(WorkerEvent.self, from: Data(line)) {
          onEvent(event)
        }
      }, onEnd: onEnd)
    write(plan)
  }

  func send(_ command: WorkerCommand) { write(command) }

  private func write(_ value: some Encodable) {
    // Encoding our own types can't fail; a broken pipe shows itself as the output's end.
    guard let line = try? JSONEncoder().encode(value) else { return }
    try? input.fileHandleForWriting.write(contentsOf: line + [10])
  }

  func endOfTurn() {}

  func close() {
    reader = nil
    try? input.fileHandleForWriting.close()
    if process.isRunning { process.terminate() }
    process.waitUntilExit()
  }
}

/// What `belfry-bench worker` does: reads its plan and its commands from standard input.
package enum WorkerProcess {
  package static func run() throws {
    _ = DescriptorLimit.raise()
    let loop = try EventLoop()
    let state = State()
    // Ctrl-C reaches the whole group of processes; the conductor says what is to be done then.
    let deaf = try LoopEvent(on: loop, signal: .interrupt) {}
    let reader = try LineReader(
      on: loop, descriptor: 0,
      onLine: { line in
        if let worker = state.worker {
          if let command = try? JSONDecoder().decode(WorkerCommand.self, from: Data(line)) {
            worker.receive(command)
          }
          return
        }
        do {
          let plan = try JSONDecoder().decode(Plan.self, from: Data(line))
          state.worker = try Worker(on: loop, plan: plan, onEvent: say)
        } catch {
          say(.failed("\(error)"))
        }
      }, onEnd: { loop.stop() })
    loop.run {
      state.worker?.endOfTurn()
      return false
    }
    withExtendedLifetime((reader, deaf)) {}
  }

  private final class State {
    var worker: Worker?
  }

  private static func say(_ event: WorkerEvent) {
    guard let line = try? JSONEncoder().encode(event) else { return }
    try? FileHandle.standardOutput.write(contentsOf: line + [10])
  }
}
