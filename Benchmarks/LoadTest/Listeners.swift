internal import EventStream
internal import Reactor

/// The listeners of one load process: opens their streams, reads them, has every delivery judged, and
/// comes back as a browser would where the scenario says so.
final class Listeners {
  private enum Phase {
    /// It has not been asked for yet, or waits to be opened anew.
    case waiting
    case connecting
    case open
    /// It will not come back.
    case gone
  }

  private struct Listener {
    var phase = Phase.waiting
    /// No chunk and no event is half read, so what comes next can be compared.
    var isClean = false
    /// Its last message was recognised without being decoded, so its last id stands in the log.
    var isFromLog = false
    var isSlow = false
    /// It has been open before, and asks for what it missed.
    var resumes = false
    /// When connecting began.
    var since: UInt64 = 0
  }

  private let plan: Plan
  private let address: ClientAddress
  private let requests: [[UInt8]]
  private let rooms: [Int]
  private let numbers: [Int]
  private var listeners: [Listener]
  private var readers: [StreamReader]
  private var clients: ClientSet?

  private(set) var judge: DeliveryJudge
  private(set) var result: WorkerResult
  private(set) var openCount = 0
  private var pending = 0
  /// Those to be opened, from `queueStart` on.
  private var queue: [Int] = []
  private var queueStart = 0
  /// Those that wait before they come back.
  private var returning: [(moment: UInt64, token: Int)] = []
  private var firstConnect: UInt64 = 0
  /// How many connections were begun at `connectRate`.
  private var paced = 0
  private var churnPlace = 0
  private var stormBegan: UInt64?
  /// When anything was last opened, delivered or lost.
  private(set) var progress: UInt64 = 0
  /// When the first message is due; 0 before that is known.
  private var start: UInt64 = 0
  /// 0 before the slow ones stop reading, 1 while they don't, 2 after.
  private var phase: Int?
  /// Why the load can't begin.
  private(set) var failure: String?
  private var refusals = 0
  /// By listener whose stream ended: the last id it had.
  private var lastIDs: [Int: String] = [:]

  init(on loop: EventLoop, plan: Plan, address: ClientAddress) throws(ReactorError) {
    self.plan = plan
    self.address = address
    numbers = plan.ownListeners
    rooms = numbers.map { $0 % plan.rooms }
    requests = (0..<plan.rooms).map { plan.target.streamRequest(room: plan.name(ofRoom: $0)) }
    listeners = Array(repeating: Listener(), count: numbers.count)
    readers = Array(repeating: StreamReader(), count: numbers.count)
    judge = DeliveryJudge(
      run: plan.run, rooms: rooms, roomCount: plan.rooms, publishers: plan.publishers,
      shape: plan.shape)
    result = WorkerResult(series: TimeSeries(duration: plan.expectedDuration))
    if plan.scenario == .slow {
      phase = 0
      result.phases = Array(repeating: LatencyHistogram(), count: 3)
      let count = plan.timeline.first { $0.action == .pause }?.count ?? 0
      for token in listeners.indices.prefix(count) { listeners[token].isSlow = true }
      result.slowListeners = count
    }
    clients = try ClientSet(
      on: loop, capacity: numbers.count,
      onBytes: { [unowned self] in received($0, $1, $2) },
      onEnd: { [unowned self] in ended($0, $1.description, isRefusal: $1.isRefusal) })
  }

  var count: Int { listeners.count }
  var isAllOpen: Bool { openCount == listeners.count }
  /// Whether none is there any more, nor comes back.
  var isAllGone: Bool { listeners.allSatisfy { $0.phase == .gone } }
  /// Whether nobody listens where the streams are.
  var serverRefuses: Bool { openCount == 0 && refusals > 0 }

  /// How many follow a room.
  func count(inRoom room: Int) -> Int { rooms.count { $0 == room } }

  // MARK: Opening

  func open() {
    firstConnect = MonotonicClock.nanoseconds
    progress = firstConnect
    queue = Array(listeners.indices)
    connectMore(now: firstConnect)
  }

  func started(at moment: UInt64) { start = moment }

  /// To be called often: opens those whose time has come.
  func tick(now: UInt64) {
    if !returning.isEmpty {
      for (moment, token) in returning where moment <= now { queue.append(token) }
      returning.removeAll { $0.moment <= now }
    }
    connectMore(now: now)
    guard start == 0, !isAllOpen, failure == nil else { return }
    if Double(now - progress) > plan.patience * 1e9 {
      failure =
        openCount == 0
        ? "\(plan.target.stream.address) took the connection, but did not answer GET \(path) within "
          + "\(Text.number(plan.patience)) s"
        : "only \(openCount) of \(count) streams opened, and none in the last "
          + "\(Text.number(plan.patience)) s: see the server's own limit of listeners or descriptors"
    }
  }

  private var path: String {
    plan.target.stream.path.replacing("{room}", with: plan.name(ofRoom: 0))
  }

  private func connectMore(now: UInt64) {
    while queueStart < queue.count, pending < plan.pending, failure == nil {
      if start == 0, let rate = plan.connectRate {
        let allowed = Double(now - firstConnect) / 1e9 * rate / Double(plan.workers)
        guard Double(paced) <= allowed else { return }
        paced += 1
      }
      let token = queue[queueStart]
      guard connect(token, now: now) else { return }
      queueStart += 1
    }
    if queueStart == queue.count {
      queue.removeAll(keepingCapacity: true)
      queueStart = 0
    }
  }

  /// Returns false when it has to be tried again later.
  private func connect(_ token: Int, now: UInt64) -> Bool {
    var options = ClientSet.Options()
    options.resets = true
    if address.isIPv4Loopback, plan.sources > 1 {
      options.source = UInt32(1 + numbers[token] % plan.sources)
    }
    // A large buffer would hide for long that nobody reads.
    if listeners[token].isSlow { options.receiveBuffer = 4096 }
    let id = listeners[token].resumes ? lastIDs[token] ?? "" : ""
    let request =
      id.isEmpty
      ? requests[rooms[token]]
      : plan.target.streamRequest(room: plan.name(ofRoom: rooms[token]), lastEventID: id)
    listeners[token].phase = .connecting
    listeners[token].isClean = false
    listeners[token].since = now
    readers[token] = StreamReader()
    pending += 1
    do throws(ReactorError) {
      try clients?.connect(token, to: address, options, sending: request)
      return true
    } catch {
      pending -= 1
      listeners[token].phase = .waiting
      if !error.isTemporary { ended(token, "\(error)", isRefusal: false) }
      return !error.isTemporary
    }
  }

  private func didOpen(_ token: Int, moment: UInt64) {
    let listener = listeners[token]
    pending -= 1
    openCount += 1
    progress = moment
    listeners[token].phase = .open
    if listener.resumes {
      result.reconnectLatency.record(nanoseconds: moment - listener.since)
      result.reconnects += 1
    } else {
      result.connectLatency.record(nanoseconds: moment - listener.since)
      result.opened += 1
      judge.open(token, start == 0 ? .beginning : .joining(at: moment))
    }
    listeners[token].resumes = false
    if start == 0 { result.openSeconds = Double(moment - firstConnect) / 1e9 }
    if let began = stormBegan, isAllOpen {
      result.stormSeconds = Double(moment - began) / 1e9
      stormBegan = nil
    }
    if listener.isSlow, phase == 1 { try? clients?.pause(token) }
  }

  // MARK: Reading

  private func received(_ token: Int, _ bytes: Span<UInt8>, _ moment: UInt64) {
    result.bytes += bytes.count
    var index = 0
    while index < bytes.count {
      if listeners[token].isClean {
        let end = judge.takeExpected(token, bytes, from: index, moment: moment) {
          record($0, token, moment)
        }
        if end > index {
          listeners[token].isFromLog = true
          index = end
          continue
        }
      }
      guard let end = readOn(token, bytes, from: index, moment) else { return }
      index = end
    }
  }

  /// Reads up to where everything is whole; nil when the stream is over.
  private func readOn(_ token: Int, _ bytes: Span<UInt8>, from start: Int, _ moment: UInt64) -> Int?
  {
    let wasClean = listeners[token].isClean
    var verdict = DeliveryJudge.Verdict.stale
    let stretch: StreamReader.Stretch
    var isNew = false
    do throws(ResponseError) {
      stretch = try readers[token].read(
        bytes, from: start,
        onHead: { (head) throws(ResponseError) in
          try check(head)
          isNew = true
          didOpen(token, moment: moment)
        },
        onEvent: { event in verdict = judge(event, token, moment) })
    } catch {
      clients?.close(token)
      ended(token, error.description, isRefusal: false)
      connectMore(now: moment)
      return nil
    }
    if stretch.events > 0 || isNew { listeners[token].isFromLog = false }
    if wasClean, stretch.isClean, stretch.events == 1, verdict == .delivered {
      judge.learn(bytes.extracting(start..<stretch.end), from: token)
    }
    listeners[token].isClean = stretch.isClean
    // Not where the head is read, which has the readers to itself.
    if isNew { connectMore(now: moment) }
    if stretch.hasEnded {
      clients?.close(token)
      ended(token, "the server ended the stream", isRefusal: false)
      return nil
    }
    return stretch.end
  }

  private func check(_ head: ResponseHead) throws(ResponseError) {
    guard head.status == 200 else {
      throw ResponseError("GET \(path) was answered \(head.status) \(head.reason), not 200")
    }
    guard head.contentType == "text/event-stream" else {
      throw ResponseError(
        "GET \(path) was answered with \(head.contentType.debugDescription), not with "
          + "text/event-stream: is it the right path?")
    }
    let coding = head.headers["Content-Encoding"] ?? "identity"
    guard coding.lowercased() == "identity" else {
      throw ResponseError("the stream is compressed (\(coding)), though nobody asked for it")
    }
  }

  private func judge(
    _ event: DecodedEvent, _ token: Int, _ moment: UInt64
  ) -> DeliveryJudge.Verdict {
    if event.type == plan.target.gapEvent {
      judge.noteGap(token, excuses: plan.scenario.excusesGaps)
      return .stale
    }
    guard event.type == "message" else { return .stale }
    return judge.judge(
      token, Array(event.data.utf8), eventID: event.lastEventID, moment: moment
    ) { record($0, token, moment) }
  }

  private func record(_ latency: UInt64, _ token: Int, _ moment: UInt64) {
    progress = moment
    result.lastMoment = moment
    if let phase {
      guard !listeners[token].isSlow else {
        result.slowLatency.record(nanoseconds: latency)
        return
      }
      result.phases[phase].record(nanoseconds: latency)
    }
    result.series.record(nanoseconds: latency, at: moment > start ? moment - start : 0)
  }

  // MARK: Ending

  private func ended(_ token: Int, _ reason: String, isRefusal: Bool) {
    let listener = listeners[token]
    let wasOpen = listener.phase == .open
    if listener.phase == .connecting { pending -= 1 }
    if wasOpen { openCount -= 1 }
    if isRefusal { refusals += 1 }
    result.comments += readers[token].comments
    let now = MonotonicClock.nanoseconds
    progress = now
    if start == 0 {
      // Before the load began every stream must open.
      let reason =
        isRefusal
        ? "nobody listens there (\(reason)): start the server, or name another with --url" : reason
      failure =
        failure
        ?? (openCount == 0 && !wasOpen
          ? "\(plan.target.stream.address): \(reason)"
          : "only \(openCount) of \(count) streams opened, then: \(reason)")
      listeners[token].phase = .gone
      return
    }
    if wasOpen || !listener.resumes {
      result.lost += 1
      if result.firstLoss == nil { result.firstLoss = "listener \(numbers[token]): \(reason)" }
    }
    guard plan.scenario.reconnects else {
      listeners[token].phase = .gone
      return
    }
    let wait = readers[token].reconnectionTime ?? .seconds(1)
    if wasOpen { remember(token) }
    listeners[token].phase = .waiting
    // One that joined and was never there has nothing to resume.
    listeners[token].resumes = judge.isPresent(token)
    let nanoseconds = UInt64(max(0, min(wait, .seconds(10)) / .nanoseconds(1)))
    returning.append((now + nanoseconds, token))
  }

  /// Keeps the id with which a listener comes back.
  private func remember(_ token: Int) {
    if listeners[token].isFromLog {
      lastIDs[token] = judge.lastEventID(of: token)
    } else if !readers[token].lastEventID.isEmpty {
      lastIDs[token] = readers[token].lastEventID
    }
    listeners[token].isFromLog = false
  }

  // MARK: What the scenario asks for

  func perform(_ step: TimelineStep, now: UInt64) {
    switch step.action {
    case .storm: storm(now: now)
    case .pause:
      phase = 1
      for token in listeners.indices where listeners[token].isSlow { try? clients?.pause(token) }
    case .resume:
      phase = 2
      for token in listeners.indices where listeners[token].isSlow { try? clients?.resume(token) }
    case .churn: churn(step.count)
    }
    connectMore(now: now)
  }

  private func storm(now: UInt64) {
    stormBegan = now
    for token in listeners.indices where listeners[token].phase == .open {
      remember(token)
      clients?.close(token)
      result.comments += readers[token].comments
      openCount -= 1
      listeners[token].phase = .waiting
      listeners[token].resumes = true
      queue.append(token)
    }
  }

  private func churn(_ count: Int) {
    for _ in 0..<min(count, listeners.count) {
      let token = churnPlace
      churnPlace = (churnPlace + 1) % listeners.count
      guard listeners[token].phase == .open else { continue }
      judge.leave(token)
      clients?.close(token)
      result.comments += readers[token].comments
      openCount -= 1
      listeners[token].phase = .waiting
      listeners[token].isFromLog = false
      lastIDs[token] = nil
      queue.append(token)
    }
  }

  func noteSent(lane: Int, number: Int, at moment: UInt64) {
    judge.noteSent(lane: lane, number: number, at: moment)
  }

  // MARK: The end

  /// Counts what is missing and sums up; nothing may come afterwards.
  func finish(_ published: Published) {
    for token in listeners.indices where listeners[token].phase == .open {
      result.comments += readers[token].comments
      clients?.close(token)
    }
    judge.finish(published.counts)
    result.tally = judge.tally
    result.offenders = judge.offenders
    result.shape = judge.shape
    result.series.close()
    result.lastDelays = Array(
      repeating: [], count: plan.rooms * plan.publishers)
    for (lane, count) in published.counts.enumerated() {
      result.lastDelays[lane] = Array(repeating: 0, count: count)
    }
    for (room, log) in judge.logs.enumerated() {
      for entry in log.entries where entry.last > entry.due {
        let lane = room * plan.publishers + Int(entry.publisher)
        let number = Int(entry.number)
        guard number < result.lastDelays[lane].count else { continue }
        result.lastDelays[lane][number] = entry.last - entry.due
      }
    }
  }
}
