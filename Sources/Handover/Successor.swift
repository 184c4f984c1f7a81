internal import Events
package import Hub
package import Logging
package import Reactor

/// Hands a running server over to a successor, which it starts: does what `Takeover` says.
package final class Successor {
  /// What its server does with the outcome; each is called at most once.
  package struct Handlers {
    /// The successor, process so and so, serves: send everybody away.
    var leave: (_ successor: Int32) -> Void
    /// There is none, and this object may be let go.
    var gaveUp: () -> Void

    /// Each is called on the loop's thread.
    package init(
      leave: @escaping (_ successor: Int32) -> Void, gaveUp: @escaping () -> Void
    ) {
      self.leave = leave
      self.gaveUp = gaveUp
    }
  }

  /// Publishes that wait while neither of the two takes any; what is more is refused.
  private static let maximumHeld = (count: 10_000, bytes: 32 << 20)
  /// Bytes of history that are read out in one turn of the loop: some 1 ms of work.
  private static let bytesPerTurn = 128 << 10

  private typealias Completion = (PublishOutcome) -> Void

  private let hub: Hub
  /// Nil when the history is kept elsewhere.
  private let local: LocalBackplane?
  private let logger: Logger
  private let handlers: Handlers
  private var takeover: Takeover
  private var history: HandoverHistory?
  private var process: SpawnedProcess?
  private var link: PacketLink?
  private var timer: LoopEvent?
  private var hasLeft = false
  /// The successor shall read its settings again when it serves.
  private var mustRead = false
  private var hasGivenUp = false
  /// Since when nothing more can be heard of it.
  private var silentSince: ContinuousClock.Instant?
  /// So long it may then take to say in the log why, and to end.
  private static let patience = Duration.seconds(1)
  /// Publishes that came while neither took any.
  private var held: [(event: Event, completion: Completion)] = []
  private var heldBytes = 0
  /// Publishes that the successor was asked to take.
  private var asked: [UInt64: Completion] = [:]
  private var nextToken: UInt64 = 0

  /// Starts the successor.
  ///
  /// - Parameters:
  ///   - limit: time for it to start, and as much to load the history.
  ///   - sockets: what it is to listen on.
  package init(
    on loop: EventLoop, _ settings: SuccessorSettings, within limit: Duration, sockets: [Int32],
    hello: HandoverPacket.Hello, hub: Hub, local: LocalBackplane?, logger: Logger,
    handlers: Handlers
  ) throws(ReactorError) {
    self.hub = hub
    self.local = local
    self.logger = logger
    self.handlers = handlers
    takeover = Takeover(from: .now, limit: limit, hasHistory: local != nil)
    let (ours, theirs) = try PacketLink.makePair()
    let link = try PacketLink(
      ours, on: loop, onPacket: { [unowned self] in received($0) },
      onRoom: { [unowned self] in sendHistory() },
      onEnd: { [unowned self] in ended() })
    self.link = link
    // Before it starts, so that it need not wait for it.
    link.send(HandoverPacket.hello(hello).packet)
    let start = ContinuousClock.now
    process = try SpawnedProcess(
      settings.arguments[0], arguments: settings.arguments,
      environment: settings.environment + ["\(SuccessorSettings.variable)=\(sockets.count)"],
      descriptors: [theirs.rawValue] + sockets, on: loop
    ) { [unowned self] in exited($0) }
    logger.info(
      "successor started",
      metadata: [
        "microseconds": "\(Int((ContinuousClock.now - start) / .microseconds(1)))",
        "process": "\(process?.processID ?? 0)",
      ])
    timer = try LoopEvent(on: loop, every: .milliseconds(100)) { [unowned self] in tick(now: .now) }
  }

  /// Stops it, while it can be.
  package func cancel() { perform(takeover.cancel()) }

  /// Whether messages may have been taken by the successor, and so not be known here.
  package var mayServe: Bool { hasLeft || takeover.isCommitted }

  // MARK: What happens

  private func received(_ packet: Packet) {
    guard let packet = try? HandoverPacket(packet) else {
      return lost("unreadable packet from the successor")
    }
    switch packet {
    case .ready: perform(takeover.successorIsReady(now: .now))
    case .loaded: perform(takeover.historyIsLoaded(now: .now))
    case .serving: perform(takeover.successorServes())
    case .outcome(let token, let outcome): asked.removeValue(forKey: token)?(outcome)
    // A successor says nothing else.
    case .hello, .history, .line, .key, .written, .end, .go, .publish, .publishLine:
      lost("unexpected packet for this role")
    }
  }

  /// It says nothing more: it ends, and how it does is the reason.
  private func ended() {
    dropLink()
    silentSince = .now
  }

  private func tick(now: ContinuousClock.Instant) {
    if let silentSince, now - silentSince >= Self.patience { process?.kill() }
    perform(takeover.advance(to: now))
  }

  private func exited(_ reason: String) {
    // Its last words may still be there to be heard.
    link?.receive()
    lost(reason)
    process = nil
    if hasGivenUp { handlers.gaveUp() }
  }

  private func lost(_ reason: String) {
    dropLink()
    if hasLeft { logger.error("successor lost", metadata: ["reason": "\(reason)"]) }
    perform(takeover.successorIsLost(reason))
  }

  private func dropLink() {
    link = nil
    let unanswered = asked
    asked = [:]
    for completion in unanswered.values {
      completion(
        .unknown(
          reason: "the new server did not answer; the message may or may not have been published"))
    }
  }

  // MARK: What is done

  private func perform(_ action: Takeover.Action?) {
    switch action {
    case .sendHistory:
      guard let local else { return }
      local.setSuccessor { [unowned self] in hold($0, $1) }
      let now = ContinuousClock.now
      history = HandoverHistory(hub.snapshot(now: now), keys: local.keys, now: now)
      sendHistory()
    case .commit: link?.send(HandoverPacket.go.packet)
    case .leave: leave()
    case .end: process?.kill()
    case .giveUp(let reason):
      logger.error("takeover failed, this server continues", metadata: ["reason": "\(reason)"])
      giveUp()
    case .drop:
      logger.info("takeover cancelled", metadata: ["reason": "this server is stopping"])
      giveUp()
    case nil: break
    }
  }

  private func sendHistory() {
    guard let packets = history?.packets(ofBytes: Self.bytesPerTurn), !packets.isEmpty else {
      history = nil
      return
    }
    link?.send(packets)
    link?.awaitRoom()
  }

  private func leave() {
    hasLeft = true
    timer = nil
    local?.setSuccessor { [unowned self] in forward($0, $1) }
    for (event, completion) in takeHeld() { forward(event, completion) }
    if mustRead { process?.send(.hangUp) }
    if let process { handlers.leave(process.processID) }
  }

  /// Settings shall be read anew, maybe after the successor has read them: it shall do so as well.
  package func reload() {
    if hasLeft { process?.send(.hangUp) } else { mustRead = true }
  }

  private func giveUp() {
    hasGivenUp = true
    timer = nil
    history = nil
    link = nil
    local?.setSuccessor(nil)
    for (event, completion) in takeHeld() { local?.publish(event, completion: completion) }
    // The end of the process, now or later, is the end of this.
    process?.kill()
  }

  // MARK: Publishes

  private func hold(_ event: Event, _ completion: @escaping Completion) {
    let bytes = event.data.utf8.count
    guard held.count < Self.maximumHeld.count, heldBytes + bytes <= Self.maximumHeld.bytes else {
      return completion(
        .refused(reason: "this server is being replaced; the message was not published"))
    }
    heldBytes += bytes
    held.append((event, completion))
  }

  private func takeHeld() -> [(Event, Completion)] {
    defer {
      held = []
      heldBytes = 0
    }
    return held.map { ($0.event, $0.completion) }
  }

  private func forward(_ event: Event, _ completion: @escaping Completion) {
    guard let link else {
      return completion(
        .refused(reason: "the server that replaced this one is gone; the message was not published")
      )
    }
    asked[nextToken] = completion
    link.send(HandoverPacket.publish(nextToken, event).packet)
    nextToken += 1
  }
}
