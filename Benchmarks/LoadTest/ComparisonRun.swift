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

  /// Blocks until all are measured.
  package func run() -> Comparison {
    // Servers are ended by it.
    Signal.terminate.unblock()
    var comparison = Comparison()
    for peer in peers {
      let reason =
        peer.missing(place)
        ?? peer.tooMany(plan.listeners, descriptors: Limits.current.descriptors)
      if let reason {
        comparison.absent[peer] = reason
        say("\(peer.rawValue): not measured; \(reason)")
      }
    }
    let present = peers.filter { comparison.absent[$0] == nil }
    for round in 0..<rounds {
      for peer in present {
        say("round \(round + 1) of \(rounds): \(peer.rawValue)")
        do throws(BadInput) {
          let answer = try measure(peer)
          comparison.rounds.append(
            Comparison.Round(
              peer: peer, round: round, report: answer.report, problem: answer.problem))
        } catch {
          comparison.rounds.append(
            Comparison.Round(peer: peer, round: round, report: nil, problem: error.description))
        }
        if let last = comparison.rounds.last {
          say("  " + (last.problem ?? last.report?.verdict ?? ""))
        }
      }
    }
    return comparison
  }

  private func measure(_ peer: Peer) throws(BadInput) -> Answer {
    let cores = Cores.split()
    let server = try PeerServer(peer, place, cores: cores.server)
    defer { withExtendedLifetime(server) {} }
    var plan = plan
    plan.target = server.target
    plan.pending = peer.pending
    if plan.rooms > 1, !plan.target.hasRooms || peer == .floor {
      throw BadInput("\(peer.rawValue) has but one room")
    }
    return try Self.load(
      Order(plan: plan, pids: server.pids, command: command), cores: cores.load)
  }

  /// Runs a load in a process of its own, on other cores than the server's.
  private static func load(_ order: Order, cores: String?) throws(BadInput) -> Answer {
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
    do {
      try process.run()
      try input.fileHandleForWriting.write(contentsOf: JSONEncoder().encode(order))
      try input.fileHandleForWriting.close()
      let data = output.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      return try JSONDecoder().decode(Answer.self, from: data)
    } catch {
      throw BadInput("the load process failed: \(error)")
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
      options.version = Program.version
      options.stopsOnSignals = true
      answer.report = try LoadRun(order.plan, options).run()
    } catch {
      answer.problem = "\(error)"
    }
    try FileHandle.standardOutput.write(contentsOf: JSONEncoder().encode(answer))
  }
}

/// The processor cores, dealt out.
enum Cores {
  /// The server's first core, and the load's: the rest. Nil for both where there is but one.
  static func split() -> (server: String?, load: String?) {
    let status = ServerSample.text("/proc/self/status") ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
    let all = numbers(in: line?.split(separator: "\t").last.map(String.init) ?? "")
    guard all.count > 1 else { return (nil, nil) }
    return ("\(all[0])", all.dropFirst().map(String.init).joined(separator: ","))
  }

  /// The numbers of a list as the kernel writes it: `0-3,8`.
  static func numbers(in list: String) -> [Int] {
    list.split(separator: ",").flatMap { part -> [Int] in
      let ends = part.split(separator: "-").compactMap { Int($0.filter(\.isNumber)) }
      guard let first = ends.first, let last = ends.last, first <= last else { return [] }
      return Array(first...last)
    }
  }
}
