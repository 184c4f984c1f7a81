internal import Foundation
internal import Reactor

/// Measures servers one after the other, round by round: a fresh one for each measurement, on the
/// first core, and the load on the others.
package struct ComparisonRun {
  /// What a load process is told on its standard input.
  struct Order: Codable {
    var plan: Plan
    var pids: [Int]
    var command: String
  }

  /// What it answers.
  struct Answer: Codable {
    var report: Report?
    var problem: String?
  }

  /// Fewer rounds would make a median of chance.
  package static let minimumRounds = 3

  private let plan: Plan
  private let peers: [Peer]
  private let place: PeerPlace
  private let rounds: Int
  private let command: String
  private let say: (String) -> Void

  /// - Parameter plan: the load; its target is each server in turn.
  /// - Parameter say: gets a line for each measurement.
  package init(
    _ plan: Plan, peers: [Peer], place: PeerPlace, rounds: Int, command: String,
    say: @escaping (String) -> Void
  ) {
    self.plan = plan
    self.peers = peers
    self.place = place
    self.rounds = rounds
    self.command = command
    self.say = say
  }

  /// Blocks until all are measured, or Ctrl-C ends it with what was measured by then.
  ///
  /// - Parameter onRound: gets what there is after each round.
  package func run(onRound: (Comparison) throws -> Void = { _ in }) throws -> Comparison {
    // Servers are ended by it.
    Signal.terminate.unblock()
    let loop = try EventLoop()
    let interruption = Interruption()
    let watch = try LoopEvent(on: loop, signal: .interrupt) { interruption.happen() }
    defer { withExtendedLifetime(watch) {} }
    var comparison = Comparison()
    comparison.command = command
    comparison.machine = Machine.current(Limits.current)
    let present = choose(&comparison)
    for round in 0..<rounds {
      for peer in present {
        say("round \(round + 1) of \(rounds): \(peer.rawValue)")
        var result = Comparison.Round(peer: peer, round: round, report: nil)
        do throws(BadInput) {
          let answer = try measure(peer, loop, interruption)
          (result.report, result.problem) = (answer.report, answer.problem)
        } catch {
          result.problem = error.description
        }
        if interruption.count > 0 {
          comparison.failure = "interrupted in round \(round + 1) of \(rounds)"
          say("  interrupted")
          return comparison
        }
        say("  " + (result.problem ?? result.report?.verdict ?? ""))
        comparison.rounds.append(result)
      }
      try onRound(comparison)
    }
    return comparison
  }

  /// Those that can be measured here; the others are noted.
  private func choose(_ comparison: inout Comparison) -> [Peer] {
    for peer in peers {
      let reason =
        peer.unfit(for: plan.scenario) ?? peer.missing(place)
        ?? peer.tooMany(plan.listeners, descriptors: Limits.current.descriptors)
      if let reason {
        comparison.absent[peer] = reason
        say("\(peer.rawValue): not measured; \(reason)")
      } else {
        comparison.versions[peer] = peer.version(place)
      }
    }
    return peers.filter { comparison.absent[$0] == nil }
  }

  private func measure(
    _ peer: Peer, _ loop: EventLoop, _ interruption: Interruption
  ) throws(BadInput) -> Answer {
    let cores = Cores.split()
    let server = try PeerServer(peer, place, cores: cores.server)
    defer { withExtendedLifetime(server) {} }
    var plan = plan
    plan.target = server.target
    plan.pending = peer.pending
    if plan.rooms > 1, !plan.target.hasRooms || peer == .floor {
      throw BadInput("\(peer.rawValue) has only one room")
    }
    return try load(
      Order(plan: plan, pids: server.pids, command: command), cores: cores.load, loop, interruption)
  }

  /// Runs a load in a process of its own, on other cores than the server's.
  private func load(
    _ order: Order, cores: String?, _ loop: EventLoop, _ interruption: Interruption
  ) throws(BadInput) -> Answer {
    let process = Process()
    let input = Pipe()
    let output = Pipe()
    var command = [Program.path, "measure"]
    if let cores, let taskset = PeerPlace.program("taskset") {
      command = [taskset, "-c", cores] + command
    }
    process.executableURL = URL(fileURLWithPath: command[0])
    process.arguments = Array(command.dropFirst())
    process.standardInput = input
    process.standardOutput = output
    var answer: Answer?
    do {
      try process.run()
      interruption.process = process
      defer { interruption.process = nil }
      try input.fileHandleForWriting.write(contentsOf: JSONEncoder().encode(order))
      try input.fileHandleForWriting.close()
      let reader = try LineReader(
        on: loop, descriptor: output.fileHandleForReading.fileDescriptor,
        onLine: { answer = try? JSONDecoder().decode(Answer.self, from: Data($0)) },
        onEnd: { loop.stop() })
      loop.run { false }
      withExtendedLifetime(reader) {}
      process.waitUntilExit()
    } catch {
      throw BadInput("the load process failed: \(error)")
    }
    guard let answer else { throw BadInput("the load process returned no result") }
    return answer
  }

  /// Ctrl-C, which the load's process is told of: it has a group of its own.
  private final class Interruption {
    var count = 0
    var process: Process?

    func happen() {
      count += 1
      process?.interrupt()
    }
  }

  /// What `belfry-bench measure` does: one load, told on standard input, its report on standard output.
  package static func measure() throws {
    let order = try JSONDecoder().decode(
      Order.self, from: FileHandle.standardInput.readDataToEndOfFile())
    var answer = Answer()
    do {
      var options = LoadRun.Options()
      options.pids = order.pids
      options.executable = Program.path
      options.command = order.command
      options.stopsOnSignals = true
      var line = LiveLine(isTerminal: Program.hasTerminal)
      let run = try LoadRun(order.plan, options) { look in
        if let text = line.text(look) { Program.print(text, toError: true) }
      }
      defer { Program.print(line.end, toError: true) }
      answer.report = try run.run()
    } catch {
      answer.problem = "\(error)"
    }
    try FileHandle.standardOutput.write(contentsOf: JSONEncoder().encode(answer) + [10])
  }
}
