internal import Reactor

/// One load process at work: its listeners, and in the first process the publishers too.
///
/// Runs on a loop that somebody else turns; told what to do by `receive`, and tells by `onEvent`.
final class Worker {
  private enum Stage {
    case opening
    /// All streams are open, and nobody has said when to start.
    case ready
    case running
    /// Everything is published, but not everywhere yet.
    case settling(Published)
    /// Everything came here, or was given up.
    case complete(Published)
    /// What comes once more would come now.
    case lingering(Published, until: UInt64)
    case settled(Published)
    case failed
  }

  /// So many times `patience` without any delivery end the waiting, however many streams are opened and
  /// lost meanwhile.
  private static let maximumPatience = 6.0
  /// How long is waited for what comes twice, in nanoseconds.
  private static let linger: UInt64 = 200_000_000
  /// How often everything that goes by the clock is looked at.
  private static let tickInterval = Duration.milliseconds(10)
  /// Nanoseconds between two looks at a worker's progress.
  private static let progressInterval: UInt64 = 200_000_000

  private let plan: Plan
  private let onEvent: (WorkerEvent) -> Void
  private let listeners: Listeners
  private var publishers: Publishers?
  private var ticker: LoopEvent?
  private var stage = Stage.opening
  private var start: UInt64 = 0
  private var steps: ArraySlice<TimelineStep>
  private var lastProgress: UInt64 = 0
  private var processorTime: UInt64 = 0
  private var processorSeconds = 0.0
  private var runDelay = 0.0
  private var waitingSeconds = 0.0
  private var readsBefore = (all: 0, behind: 0)
  private var reads = (all: 0, behind: 0)
  private var isServerGone = false
  /// What the load published, once the check of own rooms has begun.
  private var load: Published?
  /// How many of its messages were answered.
  private var loadAnswered = 0
  private var lastDelivered = 0
  /// When everything was published.
  private var settledSince: UInt64 = 0
  /// Deliveries that must have been accounted for before the next message may follow, `--in-turn`.
  private var owed = 0
  private let perRoom: [Int]
  /// Once everything is published: how many deliveries that makes.
  private var expectedSum = 0

  init(
    on loop: EventLoop, plan: Plan, onEvent: @escaping (WorkerEvent) -> Void
  ) throws(ReactorError) {
    self.plan = plan
    self.onEvent = onEvent
    steps = plan.timeline[...]
    let stream = try Self.address(plan.target.stream.address)
    let listeners = try Listeners(on: loop, plan: plan, address: stream)
    self.listeners = listeners
    perRoom = listeners.countsByRoom
    if plan.isPublisher, plan.scenario.publishes {
      publishers = try Publishers(
        on: loop, plan: plan, address: Self.address(plan.target.publish.address),
        mayPublish: { [unowned self] in !plan.inTurn || listeners.judge.accounted >= owed },
        onSent: { [unowned self] lane, number, moment in
          owed += perRoom[lane / plan.publishers]
          listeners.noteSent(lane: lane, number: number, at: moment)
        },
        onDone: { [unowned self] published in self.onEvent(.published(published)) })
    }
    ticker = try LoopEvent(on: loop, every: Self.tickInterval) { [unowned self] in tick() }
    listeners.open()
  }

  private static func address(_ text: String) throws(ReactorError) -> ClientAddress {
    // `Target` and the command line let only addresses in.
    guard let address = ListenAddress(text) else { preconditionFailure("\(text) is no address") }
    return try ClientAddress(resolving: address)
  }

  // MARK: What it is told

  func receive(_ command: WorkerCommand) {
    switch command {
    case .start(let moment):
      guard case .ready = stage else { return }
      stage = .running
      start = moment
      processorTime = MonotonicClock.threadProcessorTime
      runDelay = RunDelay.seconds
      readsBefore = listeners.reads
      listeners.started(at: moment)
      publishers?.start(at: moment)
    case .expect(let published):
      for (lane, moments) in published.sent.enumerated() {
        for (number, moment) in moments.enumerated() {
          listeners.noteSent(lane: lane, number: number, at: moment)
        }
      }
      stage = .settling(published)
      settledSince = MonotonicClock.nanoseconds
      expectedSum = published.counts.enumerated().reduce(0) { sum, lane in
        sum + lane.element * perRoom[lane.offset / plan.publishers]
      }
    case .stop(let reason):
      publishers?.stop(because: reason)
      if case .settling(let published) = stage { complete(published) }
    case .checkOwnRooms:
      guard case .complete(let published) = stage else { return }
      load = published
      loadAnswered = publishers?.answered ?? 0
      stage = .running
      listeners.beginCheck()
      publishers?.checkOwnRooms(at: MonotonicClock.nanoseconds)
    case .linger:
      guard case .complete(let published) = stage else { return }
      stage = .lingering(published, until: MonotonicClock.nanoseconds + Self.linger)
    case .finish: finish()
    }
  }

  // MARK: The clock

  /// To be called at the end of each turn of the loop.
  func endOfTurn() {
    if plan.inTurn, case .running = stage { publishers?.pump() }
    // The sum is quick to tell that something lacks; but what nobody asked for can stand in for it.
    if case .settling(let published) = stage, !plan.scenario.reconnects,
      listeners.judge.accounted >= expectedSum, listeners.judge.isComplete(published.counts)
    {
      complete(published)
    }
  }

  private func tick() {
    let now = MonotonicClock.nanoseconds
    listeners.tick(now: now)
    switch stage {
    case .opening:
      if let failure = listeners.failure {
        stage = .failed
        onEvent(.failed(failure))
      } else if listeners.isAllOpen {
        stage = .ready
        onEvent(.opened)
      }
    case .ready:
      // The server must hold what it has taken.
      if !listeners.isAllOpen, let failure = listeners.failure {
        stage = .failed
        onEvent(.failed(failure))
      }
    case .running:
      noteProcessorTime()
      publishers?.tick(now: now)
      performSteps(now: now)
      lookForServer()
      if plan.inTurn, load == nil,
        Double(now - min(now, max(start, listeners.progress))) > plan.patience * 1e9
      {
        publishers?.stop(
          because: "a message did not reach every listener within "
            + "\(Text.number(plan.patience)) s, and the next one waits for that")
      }
    case .settling(let published):
      noteProcessorTime()
      settle(published, now: now)
    case .complete: break
    case .lingering(let published, let end):
      guard now >= end else { break }
      stage = .settled(published)
      onEvent(.settled)
    case .settled, .failed: break
    }
    if now >= lastProgress + Self.progressInterval {
      lastProgress = now
      onEvent(.progress(look))
    }
  }

  private func performSteps(now: UInt64) {
    while let step = steps.first, Double(now) >= Double(start) + step.time * 1e9 {
      steps.removeFirst()
      listeners.perform(step, now: now)
    }
  }

  private func settle(_ published: Published, now: UInt64) {
    // A slow listener that was to read again does, however publishing ended.
    while let step = steps.popFirst() {
      if step.action == .resume { listeners.perform(step, now: now) }
    }
    func hasPassed(_ patience: Double, since moment: UInt64) -> Bool {
      Double(now - min(now, max(moment, settledSince))) > patience * 1e9
    }
    if listeners.judge.isComplete(published.counts) || listeners.isServerGone
      || hasPassed(plan.patience, since: listeners.progress)
      || hasPassed(plan.patience * Self.maximumPatience, since: listeners.lastDelivery)
    {
      complete(published)
    }
  }

  private func complete(_ published: Published) {
    noteProcessorTime()
    if load == nil { waitingSeconds = RunDelay.seconds - runDelay }
    stage = .complete(published)
    onEvent(.complete)
  }

  /// Tells when the server is there no more; once each time.
  private func lookForServer() {
    let wasGone = isServerGone
    isServerGone = listeners.isServerGone
    if isServerGone, !wasGone { onEvent(.gone) }
  }

  /// Keeps the time used up to the last delivery: what waiting in vain costs later is not the load's.
  private func noteProcessorTime() {
    let delivered = listeners.judge.tally.delivered
    guard load == nil, delivered != lastDelivered else { return }
    lastDelivered = delivered
    processorSeconds = Double(MonotonicClock.threadProcessorTime - processorTime) / 1e9
    let reads = listeners.reads
    self.reads = (reads.all - readsBefore.all, reads.behind - readsBefore.behind)
  }

  private var look: Progress {
    let tally = listeners.judge.tally
    var look = Progress()
    look.open = listeners.openCount
    look.published = publishers?.answered ?? 0
    look.delivered = tally.delivered
    look.wrong = tally.duplicated + tally.reordered + tally.corrupted + tally.foreign
    look.p99 = listeners.recentLatency
    return look
  }

  // MARK: The end

  private func finish() {
    guard case .settled(let published) = stage else { return }
    listeners.finish(published, load: load)
    var result = listeners.result
    result.processorSeconds = processorSeconds
    result.waitingSeconds = waitingSeconds
    result.reads = reads.all
    result.readsBehind = reads.behind
    if let publishers {
      result.published = load == nil ? publishers.answered : loadAnswered
      result.check?.published = publishers.answered - loadAnswered
      result.publishLatency = publishers.latency
      result.publishDelay = publishers.delay
    }
    onEvent(.result(result))
  }
}
