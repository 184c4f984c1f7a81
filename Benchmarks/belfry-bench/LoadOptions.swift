internal import ArgumentParser
internal import LoadTest

/// How much, how fast, for how long.
struct LoadOptions: ParsableArguments {
  @Option(
    help: """
      fanout: messages to listeners that stay. burst: 16 publishers, as fast as they can. \
      connect-storm: all listeners disconnect and reconnect at once. slow: some listeners stop reading \
      for a while. churn: listeners leave and join throughout. idle: no messages. soak: a long run, to \
      see whether memory grows.
      """)
  var scenario = Scenario.fanout

  @Option(help: "Number of open streams.")
  var listeners = 1000

  @Option(help: "Streams opened per second. (default: as fast as the server answers, 256 at once)")
  var connectRate: Double?

  @Option(help: "Number of messages. (default: 200, or as many as --duration allows)")
  var messages: Int?

  @Option(
    help: "How long to publish messages. (default: burst 10s, idle 60s, soak 1h)")
  var duration: DurationArgument?

  @Option(
    help: """
      Messages per second; 0 for as fast as the server answers. (default: 20, burst 0, soak 1)
      """)
  var rate: Double?

  @Flag(help: "Publish the next message only when every listener has the last one.")
  var inTurn = false

  @Option(help: "Number of connections that publish. (default: 1, burst 16)")
  var publishers: Int?

  @Option(help: "Size of a message in bytes, or a range such as 100-4000. At least 51.")
  var size = SizesArgument(100)

  @Option(help: "Number of rooms; listeners and messages are spread evenly.")
  var rooms = 1

  @Option(
    help: "Name of the room; with several rooms, -0, -1 … is appended. (default: bench)")
  var room: String?

  @Option(
    help: "slow: share of listeners that stop reading. churn: share that leaves each second.")
  var share = 0.1

  @Option(help: "Number of load processes; they share the listeners.")
  var processes = 1

  @Option(
    help: "Number of loopback addresses to connect from. (default: as many as the ports require)")
  var sources: Int?

  @Option(help: "Give up when there is no progress for this long.")
  var patience: DurationArgument = DurationArgument(argument: "10s")!  // It is a duration.

  func validate() throws {
    try positive(listeners, "--listeners", atMost: 10_000_000)
    try positive(messages ?? 1, "--messages", atMost: 100_000_000)
    try positive(publishers ?? 1, "--publishers", atMost: 1000)
    try positive(rooms, "--rooms", atMost: listeners)
    try positive(processes, "--processes", atMost: listeners)
    try positive(sources ?? 1, "--sources", atMost: 254)
    guard rooms * (publishers ?? 16) < Message.laneLimit else {
      throw ValidationError("--rooms times --publishers must be less than 262,144")
    }
    let rates = 0.001...1e6
    guard rate ?? 0 == 0 || rates.contains(rate ?? 1) else {
      throw ValidationError("--rate must be 0, or 0.001 to 1,000,000")
    }
    guard rates.contains(connectRate ?? 1) else {
      throw ValidationError("--connect-rate must be 0.001 to 1,000,000")
    }
    let longest = 31.0 * 24 * 3600
    guard duration?.seconds ?? 0 <= longest else {
      throw ValidationError("--duration must be at most 744h")
    }
    if let rate, rate > 0, let messages, Double(messages) / rate > longest {
      throw ValidationError("--messages at this --rate would take more than 31 days")
    }
    guard share > 0, share <= 1 else { throw ValidationError("--share must be above 0, at most 1") }
    let sizes = Message.minimumSize...1 << 20
    guard sizes.contains(size.range.lowerBound), sizes.contains(size.range.upperBound) else {
      throw ValidationError(
        "--size must be \(Message.minimumSize) to 1048576: a message carries its number, its times and "
          + "a checksum")
    }
    if inTurn, processes > 1 {
      throw ValidationError(
        "--in-turn needs --processes 1: one process must know what every listener has")
    }
    if inTurn, rate ?? 0 > 0 {
      throw ValidationError("--in-turn and --rate cannot be combined")
    }
    if rate == 0, messages == nil, duration == nil, scenario != .burst, !inTurn {
      throw ValidationError("--rate 0 needs --messages or --duration")
    }
  }

  private func positive(_ number: Int, _ option: String, atMost limit: Int) throws {
    guard (1...limit).contains(number) else {
      throw ValidationError("\(option) must be 1 to \(limit), not \(number)")
    }
  }

  func plan(_ target: Target) throws(BadInput) -> Plan {
    var plan = Plan(target: target)
    plan.scenario = scenario
    plan.listeners = listeners
    plan.connectRate = connectRate
    plan.rate = rate ?? (scenario == .burst || inTurn ? 0 : scenario == .soak ? 1 : 20)
    plan.publishers = publishers ?? (scenario == .burst ? 16 : 1)
    plan.sizes = size.range
    plan.rooms = rooms
    plan.roomName = room ?? "bench"
    plan.share = share
    plan.workers = processes
    plan.sources = sources ?? 0
    plan.patience = patience.seconds
    plan.inTurn = inTurn
    plan.messages = messages
    switch scenario {
    case .burst: plan.duration = duration?.seconds ?? 10
    case .idle: plan.duration = duration?.seconds ?? 60
    case .soak: plan.duration = duration?.seconds ?? 3600
    case .fanout, .connectStorm, .slow, .churn:
      if let duration {
        plan.duration = duration.seconds
      } else if messages == nil {
        plan.messages = 200
      }
    }
    guard rooms == 1 || target.hasRooms else {
      throw BadInput(
        "--rooms \(rooms) needs {room} in --stream-path, and in --publish-path or --publish-body")
    }
    let timed: [Scenario] = [.connectStorm, .slow, .churn]
    guard !timed.contains(scenario) || plan.rate > 0 || plan.messages == nil else {
      throw BadInput(
        "--scenario \(scenario.rawValue) needs --rate or --duration: its steps are timed")
    }
    return plan
  }
}
