internal import BelfryVersion
internal import Foundation
internal import Reactor

/// One run: checks the limits, tries the server, opens all streams, publishes, waits, and reports.
package final class LoadRun {
  /// What is chosen for a run beside its plan.
  package struct Options: Sendable {
    /// Processes whose processor time and memory are the server's.
    package var pids: [Int] = []
    /// This program, to be started as load process; nil runs the only one in this process.
    package var executable: String?
    /// Seconds between the last stream's opening and the first message.
    package var pause: Double = 0.5
    package var command = ""
    /// Whether one stream and one message are tried before.
    package var probes = true
    /// Whether Ctrl-C ends the load, and the report is of what was measured so far.
    package var stopsOnSignals = false
    package init() {}
  }

  /// What all load processes are waited for to come to.
  private enum Stage {
    /// Their streams are open.
    case opening
    /// They have everything.
    case running
    /// They have what was published to own rooms.
    case checking
    /// What came once more has come.
    case lingering
    /// They have said what they measured.
    case finishing
  }

  private let options: Options
  private var plan: Plan
  private let limits: Limits
  private let loop: EventLoop
  private let onProgress: (LiveLook) -> Void
  private var links: [any WorkerLink] = []
  private var looks: [Progress]
  private var stage = Stage.opening
  private var waiting: Set<Int> = []
  /// Load processes that died, and those for whom the server is gone.
  private var dead: Set<Int> = []
  private var bereft: Set<Int> = []
  private var results: [Int: WorkerResult] = [:]
  private var published: Published?
  private var start: UInt64 = 0
  private var before = ServerSample()
  private var holding = ServerSample()
  private var after = ServerSample()
  private var samples: [Report.ServerMoment] = []
  private var events: [LoopEvent] = []
  private var failure: BadInput?
  private var ending: String?
  private var interruptions = 0
  private var lastSample: UInt64 = 0
  private var opening: UInt64 = 0

  /// - Parameter onProgress: is shown how it goes, some five times a second.
  /// - Throws: what is wrong with the input, and what would help.
  package init(
    _ plan: Plan, _ options: Options = Options(), limits: Limits? = nil,
    onProgress: @escaping (LiveLook) -> Void = { _ in }
  ) throws {
    self.plan = plan
    self.options = options
    self.onProgress = onProgress
    let limits = limits ?? .current
    self.limits = limits
    loop = try EventLoop()
    looks = Array(repeating: Progress(), count: plan.workers)
    if self.plan.run == 0 {
      var random = SystemRandomNumberGenerator()
      self.plan.run = Message.randomRun(using: &random)
    }
    guard let listen = ListenAddress(plan.target.stream.address),
      let publish = ListenAddress(plan.target.publish.address)
    else { throw BadInput("\(plan.target.stream.address) is not a valid address") }
    let address: ClientAddress
    do {
      address = try Self.choose(listen)
      self.plan.target.stream.address = address.description
      self.plan.target.publish.address = try Self.choose(publish).description
    } catch { throw BadInput("\(error)") }
    if self.plan.sources == 0 {
      self.plan.sources = address.isIPv4Loopback ? limits.sources(for: plan) : 1
    }
    try limits.check(
      self.plan, usesPorts: address.usesPorts, isLoopback: address.isIPv4Loopback)
    for pid in options.pids where !ServerSample.exists(pid) {
      throw BadInput("there is no process \(pid) (--pid)")
    }
  }

  /// Of a name's addresses the first that is answered; the first of all where none is.
  private static func choose(_ address: ListenAddress) throws(ReactorError) -> ClientAddress {
    let all = try ClientAddress.all(resolving: address)
    guard all.count > 1 else { return all[0] }
    return all.first { $0.isAnswered(within: .seconds(2)) } ?? all[0]
  }

  /// Blocks until it is over.
  ///
  /// - Throws: `BadInput` when the load can't begin.
  package func run() throws -> Report {
    let machine = Machine.current(limits)
    let date = WallClock.timestamp
    if options.probes { plan.shape = try probe() }
    before = ServerSample(of: options.pids)
    opening = MonotonicClock.nanoseconds
    try startWorkers()
    defer { for link in links { link.close() } }
    loop.run { [unowned self] in
      for link in links { link.endOfTurn() }
      return false
    }
    events = []
    if let failure { throw failure }
    let published = published ?? .nothing(plan, isKnown: false)
    var parts = Report.Ingredients(
      plan: plan, results: results.sorted { $0.key < $1.key }.map(\.value), published: published,
      start: start, machine: machine)
    parts.pids = options.pids
    (parts.before, parts.holding, parts.after) = (before, holding, after)
    parts.samples = samples
    parts.date = date
    parts.command = options.command
    parts.version = Version.text
    parts.failure = ending
    return Report(parts)
  }

  // MARK: Before

  /// Opens one stream and publishes one message, so that whatever is wrong with the target shows
  /// before the load begins.
  ///
  /// - Returns: what the server puts around messages.
  private func probe() throws -> TextShape? {
    var small = plan
    small.scenario = plan.scenario.publishes ? .fanout : .idle
    small.workers = 1
    small.listeners = 1
    small.messages = 1
    small.publishers = 1
    small.duration = 0
    small.rooms = 1
    // With own rooms, a message in each of a listener's two rooms.
    small.roomName = plan.name(ofRoom: 0)
    small.rate = 1
    small.sources = 1
    small.timeline = []
    small.connectRate = nil
    small.inTurn = false
    small.patience = min(5, plan.patience)
    var random = SystemRandomNumberGenerator()
    small.run = Message.randomRun(using: &random)
    var settings = Options()
    settings.probes = false
    settings.pause = min(0.2, options.pause)
    let run = try LoadRun(small, settings, limits: limits)
    let report = try run.run()
    if let failure = report.failure { throw BadInput(failure) }
    guard report.corrupted == 0 else {
      throw BadInput(
        "a message arrived changed: \(report.offenders.first ?? "damaged"). Check that --publish-body "
          + "contains {message} as it must arrive, and that nobody else publishes in the room."
      )
    }
    guard report.delivered > 0 || !plan.scenario.publishes else {
      throw BadInput(
        "POST \(small.target.publish.path) accepted a message, but it did not arrive on GET "
          + "\(small.target.stream.path) within \(Text.number(small.patience)) s. Check that both use "
          + "the same room, and that --publish-body contains {message} as it must arrive.")
    }
    guard report.missing == 0 else {
      let path = small.target.streamPath(small.roomNames(ofListener: 0))
      throw BadInput(
        "not all messages arrived on GET \(path): \(report.offenders.first ?? "some are missing")")
    }
    return run.results[0]?.shape
  }

  private func startWorkers() throws {
    waiting = Set(0..<plan.workers)
    for index in 0..<plan.workers {
      var own = plan
      own.worker = index
      own.timeline = plan.scenario.timeline(
        duration: plan.expectedDuration, listeners: own.ownListeners.count, share: plan.share)
      if let executable = options.executable, plan.workers > 1 {
        links.append(
          try RemoteWorker(
            on: loop, executable: executable, plan: own,
            onEvent: { [unowned self] in heard($0, from: index) },
            onEnd: { [unowned self] in lost(index) }))
      } else {
        links.append(
          try LocalWorker(on: loop, plan: own) { [unowned self] in heard($0, from: index) })
      }
    }
    events.append(
      try LoopEvent(on: loop, every: .milliseconds(200)) { [unowned self] in look() })
    guard options.stopsOnSignals else { return }
    // When the loop lets go of it, it is ignored as it was before: whoever presses Ctrl-C once too often
    // still gets the report, whenever that is.
    Signal.interrupt.ignore()
    for signal in [Signal.interrupt, .terminate] {
      events.append(try LoopEvent(on: loop, signal: signal) { [unowned self] in interrupt() })
    }
  }

  // MARK: Events

  private func heard(_ event: WorkerEvent, from index: Int) {
    switch event {
    case .progress(let progress):
      looks[index] = progress
      if progress.open > 0 { bereft.remove(index) }
    case .failed(let reason): lose(index, because: reason)
    case .gone:
      bereft.insert(index)
      if bereft.union(dead).count == plan.workers { end(because: "the server is gone") }
    case .published(let published): expect(published)
    case .opened, .complete, .settled: arrived(index)
    case .result(let result):
      results[index] = result
      arrived(index)
    }
  }

  /// Goes on when the last one has arrived.
  private func arrived(_ index: Int) {
    waiting.remove(index)
    guard waiting.isEmpty else { return }
    waiting = Set(0..<plan.workers).subtracting(dead)
    guard !waiting.isEmpty else { return loop.stop() }
    switch stage {
    case .opening:
      stage = .running
      pause()
    case .running:
      after = ServerSample(of: options.pids)
      guard plan.ownRooms, plan.scenario.publishes, ending == nil, published?.failure == nil
      else { return linger() }
      stage = .checking
      published = nil
      sendAll(.checkOwnRooms)
    case .checking: linger()
    case .lingering:
      stage = .finishing
      sendAll(.finish)
    case .finishing: loop.stop()
    }
  }

  private func linger() {
    stage = .lingering
    sendAll(.linger)
  }

  private func sendAll(_ command: WorkerCommand) {
    for link in links { link.send(command) }
  }

  private func after(_ seconds: Double, _ work: @escaping () -> Void) {
    do throws(ReactorError) {
      events.append(try LoopEvent(on: loop, after: .seconds(seconds), onFire: work))
    } catch {
      fail("\(error)")
    }
  }

  private func pause() {
    after(options.pause) { [unowned self] in
      guard failure == nil else { return }
      holding = ServerSample(of: options.pids)
      // A little ahead, so that every process knows before it is due.
      start = MonotonicClock.nanoseconds + 20_000_000
      sendAll(.start(at: start))
      guard !plan.scenario.publishes else { return }
      after(plan.duration) { [unowned self] in expect(.nothing(plan)) }
    }
  }

  private func expect(_ published: Published) {
    guard self.published == nil else { return }
    self.published = published
    sendAll(.expect(published))
  }

  private func lost(_ index: Int) {
    guard results[index] == nil, !dead.contains(index) else { return }
    lose(index, because: "load process \(index) died")
  }

  /// A load process says nothing more.
  private func lose(_ index: Int, because reason: String) {
    guard start > 0 else { return fail(reason) }
    dead.insert(index)
    end(because: reason)
    // The only one that publishes, and knows what was.
    if index == 0 { expect(.nothing(plan, isKnown: false, because: reason)) }
    arrived(index)
  }

  /// Ends the load before its time: what was measured so far is reported.
  private func end(because reason: String) {
    if ending == nil { ending = reason }
    sendAll(.stop(because: reason))
    if !plan.scenario.publishes { expect(.nothing(plan, because: reason)) }
  }

  private func fail(_ reason: String) {
    if failure == nil { failure = BadInput(reason) }
    loop.stop()
  }

  private func interrupt() {
    interruptions += 1
    guard start > 0 else { return fail("interrupted before anything was measured") }
    end(because: "interrupted")
    // Load processes that don't listen are waited for no longer.
    if interruptions > 2 { loop.stop() }
  }

  // MARK: Looking

  private func look() {
    let now = MonotonicClock.nanoseconds
    if start > 0, now > start, !options.pids.isEmpty, stage != .checking,
      published == nil || plan.scenario == .idle,
      Double(now - lastSample) >= max(1, plan.expectedDuration / 600) * 1e9
    {
      lastSample = now
      let sample = ServerSample(of: options.pids)
      samples.append(
        Report.ServerMoment(
          time: Double(now - start) / 1e9, rssBytes: sample.residentBytes,
          cpuSeconds: sample.processorSeconds - holding.processorSeconds))
    }
    var all = Progress()
    for look in looks {
      all.open += look.open
      all.published += look.published
      all.delivered += look.delivered
      all.wrong += look.wrong
      all.p99 = max(all.p99, look.p99)
    }
    onProgress(
      LiveLook(
        progress: all, listeners: plan.listeners,
        elapsed: start > 0 && now > start ? Double(now - start) / 1e9 : 0,
        expected: plan.expectedDuration, hasStarted: start > 0,
        total: Double(now - opening) / 1e9))
  }
}
