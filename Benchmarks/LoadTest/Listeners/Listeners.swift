internal import BelfryClient
internal import EventStream
internal import Reactor

/// The listeners of one load process: opens their streams, reads them, has every delivery judged, and
/// comes back as a browser would where the scenario says so.
final class Listeners {
  enum Phase {
    /// It has not been asked for yet, or waits to be opened anew.
    case waiting
    case connecting
    case open
    /// It will not come back.
    case gone
  }

  struct Listener {
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
  /// By room, or by listener where each has other rooms.
  private let requests: [[UInt8]]
  private let numbers: [Int]
  /// What the first listener asks for.
  private let path: String
  var listeners: [Listener]
  private var readers: [StreamReader]
  private(set) var clients: ClientSet?

  var judge: DeliveryJudge
  private(set) var result = WorkerResult()
  var openCount = 0
  var queue: ConnectQueue
  var latency: LatencyRecorder
  private var firstConnect: UInt64 = 0
  var churnPlace = 0
  var stormBegan: UInt64?
  /// When anything was last opened or delivered.
  private(set) var progress: UInt64 = 0
  /// When anything was last delivered; 0 for never.
  private(set) var lastDelivery: UInt64 = 0
  /// What came since the check of own rooms began; nil before.
  private var check: WorkerResult.Check?
  /// Deliveries before it.
  private var deliveredBefore = 0
  /// When the first message is due; 0 before that is known.
  private var start: UInt64 = 0
  /// Why the load can't begin.
  private(set) var failure: String?
  /// Since a stream was last opened: how many connections were refused.
  private var refusals = 0
  /// By listener whose stream ended: the last id it had.
  var lastIDs: [Int: String] = [:]
  /// By listener: why the server refused its stream.
  private var refusalTexts: [Int: String] = [:]

  init(on loop: EventLoop, plan: Plan, address: ClientAddress) throws(ReactorError) {
    self.plan = plan
    self.address = address
    numbers = plan.ownListeners
    requests = (plan.ownRooms ? numbers : Array(0..<plan.rooms)).map {
      plan.target.streamRequest(rooms: plan.roomNames(ofListener: $0))
    }
    path = plan.target.streamPath(plan.roomNames(ofListener: 0))
    listeners = Array(repeating: Listener(), count: numbers.count)
    readers = Array(repeating: StreamReader(), count: numbers.count)
    judge = DeliveryJudge(
      run: plan.run, rooms: numbers.flatMap { plan.rooms(ofListener: $0) },
      roomsEach: plan.roomsEach, roomCount: plan.roomCount, publishers: plan.publishers,
      shape: plan.shape, names: numbers, knowsSent: plan.isPublisher)
    queue = ConnectQueue(
      maximumPending: plan.pending, rate: plan.connectRate.map { $0 / Double(plan.workers) })
    latency = LatencyRecorder(
      duration: plan.expectedDuration, hasPhases: plan.scenario == .slow)
    if plan.scenario == .slow {
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
  /// Whether the server is there no more: no stream is left and none comes back, or nobody listens.
  var isServerGone: Bool {
    openCount == 0 && (refusals > 0 || listeners.allSatisfy { $0.phase == .gone })
  }
  /// Of the last interval that is complete: its latency at 99 %, in milliseconds.
  var recentLatency: Double {
    latency.series.points.last?.latency.milliseconds(atPercentile: 99) ?? 0
  }
  /// How many events of connections were handled, and how many of them while more were waiting.
  var reads: (all: Int, behind: Int) { (clients?.eventCount ?? 0, clients?.eventsBehind ?? 0) }

  /// By room: how many follow it.
  var countsByRoom: [Int] {
    var counts = Array(repeating: 0, count: plan.roomCount)
    for number in numbers { for room in plan.rooms(ofListener: number) { counts[room] += 1 } }
    return counts
  }

  // MARK: Opening

  func open() {
    firstConnect = MonotonicClock.nanoseconds
    progress = firstConnect
    queue.begin(listeners.indices, now: firstConnect)
    connectMore(now: firstConnect)
  }

  func started(at moment: UInt64) {
    start = moment
    latency.start = moment
  }

  /// To be called often: opens those whose time has come.
  func tick(now: UInt64) {
    connectMore(now: now)
    guard start == 0, !isAllOpen, failure == nil else { return }
    if queue.isHeldBack(now: now), queue.pending == 0 { progress = now }
    if Double(now - min(now, progress)) > plan.patience * 1e9 {
      failure =
        openCount == 0
        ? "\(plan.target.stream.address) did not answer GET \(path) within "
          + "\(Text.number(plan.patience)) s, or did not accept the connection"
        : "only \(openCount) of \(count) streams opened, and none in the last "
          + "\(Text.number(plan.patience)) s: check the server's limits on listeners and file descriptors"
    }
  }

  func connectMore(now: UInt64) {
    while failure == nil, let token = queue.next(now: now, isPaced: start == 0) {
      guard connect(token, now: now) else { return queue.putBack(token) }
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
      ? requests[plan.ownRooms ? token : numbers[token] % plan.rooms]
      : plan.target.streamRequest(
        rooms: plan.roomNames(ofListener: numbers[token]), lastEventID: id)
    listeners[token].phase = .connecting
    listeners[token].isClean = false
    listeners[token].since = now
    readers[token] = StreamReader()
    do throws(ReactorError) {
      try clients?.connect(token, to: address, options, sending: request)
      return true
    } catch {
      if error.isTemporary {
        listeners[token].phase = .waiting
      } else {
        ended(token, Limits.advice(for: error, plan) ?? "\(error)", isRefusal: false)
      }
      return !error.isTemporary
    }
  }

  private func didOpen(_ token: Int, moment: UInt64) {
    let listener = listeners[token]
    queue.settle()
    openCount += 1
    refusals = 0
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
    if listener.isSlow, latency.phase == .during { try? clients?.pause(token) }
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
    bringUpToDate(token)
    do throws(ResponseError) {
      stretch = try readers[token].read(
        bytes, from: start,
        onHead: { (head) throws(ResponseError) in
          try StreamCheck.check(head, path: path)
          if result.server == nil { result.server = head.headers["Server"] }
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

  /// Tells a listener's reader of the id that came with what it was not shown.
  private func bringUpToDate(_ token: Int) {
    guard listeners[token].isFromLog else { return }
    listeners[token].isFromLog = false
    readers[token].resume(after: judge.lastEventID(of: token))
  }

  private func judge(
    _ event: DecodedEvent, _ token: Int, _ moment: UInt64
  ) -> DeliveryJudge.Verdict {
    if event.type == plan.target.gapEvent {
      judge.noteGap(token, excuses: plan.scenario.excusesGaps && listeners[token].isSlow)
      return .stale
    }
    if event.type == plan.target.busyEvent { refusalTexts[token] = event.data }
    let text = Array(event.data.utf8)
    guard event.type == "message" else {
      return judge.judgeOther(token, type: event.type, text, moment: moment)
    }
    return judge.judge(
      token, text, eventID: event.lastEventID, namesID: event.namesID, moment: moment
    ) { record($0, token, moment) }
  }

  private func record(_ nanoseconds: UInt64, _ token: Int, _ moment: UInt64) {
    progress = moment
    lastDelivery = moment
    guard check == nil else {
      check?.latency.record(nanoseconds: nanoseconds)
      return
    }
    latency.record(nanoseconds: nanoseconds, at: moment, isSlow: listeners[token].isSlow)
  }

  // MARK: Ending

  private func ended(_ token: Int, _ reason: String, isRefusal: Bool) {
    let reason = refusalTexts.removeValue(forKey: token).map(told) ?? reason
    let listener = listeners[token]
    let wasOpen = listener.phase == .open
    if listener.phase == .connecting { queue.settle() }
    if wasOpen { openCount -= 1 }
    if isRefusal { refusals += 1 }
    noteComments(token)
    if start == 0 {
      // Before the load began every stream must open.
      let reason =
        isRefusal
        ? "nothing listens there (\(reason)): start the server, or choose another with --url"
        : reason
      failure =
        failure
        ?? (openCount == 0 && !wasOpen
          ? "\(plan.target.stream.address): \(reason)"
          : "only \(openCount) of \(count) streams opened, then: \(reason)")
      listeners[token].phase = .gone
      return
    }
    let named = "listener \(numbers[token]): \(reason)"
    if wasOpen || !listener.resumes {
      result.lost += 1
      if result.firstLoss == nil { result.firstLoss = named }
    } else {
      result.failedReconnects += 1
      if result.firstFailedReconnect == nil { result.firstFailedReconnect = named }
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
    queue.add(token, at: MonotonicClock.nanoseconds + nanoseconds)
  }

  /// Why the server refused a stream, and what would help.
  private func told(_ refusal: String) -> String {
    let text = "the server refused a stream: \(refusal)"
    guard plan.ownRooms, refusal.contains("room") else { return text }
    return "\(text). \(Text.grouped(plan.listeners)) listeners need "
      + "\(Text.grouped(plan.roomCount)) rooms: start Belfry with --max-rooms \(plan.roomCount), or "
      + "more if it has other rooms"
  }

  func noteComments(_ token: Int) {
    result.comments += readers[token].comments
    result.unknownFields += readers[token].unknownFields
  }

  /// Keeps the id with which a listener comes back.
  func remember(_ token: Int) {
    bringUpToDate(token)
    if !readers[token].lastEventID.isEmpty { lastIDs[token] = readers[token].lastEventID }
  }

  func noteSent(lane: Int, number: Int, at moment: UInt64) {
    judge.noteSent(lane: lane, number: number, at: moment)
  }

  /// From here on deliveries are those of the check of own rooms, and counted apart.
  func beginCheck() {
    check = WorkerResult.Check()
    deliveredBefore = judge.tally.delivered
  }

  // MARK: The end

  /// Counts what is missing and sums up; nothing may come afterwards.
  ///
  /// - Parameter load: what was published before the check of own rooms; nil without one.
  func finish(_ published: Published, load: Published?) {
    for token in listeners.indices where listeners[token].phase == .open {
      noteComments(token)
      clients?.close(token)
    }
    judge.finish(published.counts, attempted: published.attempted)
    result.tally = judge.tally
    result.offenders = judge.offenders
    result.shape = judge.shape
    result.lastDelays = judge.lastDelays((load ?? published).counts)
    check?.delivered = judge.tally.delivered - deliveredBefore
    result.check = check
    if plan.workers > 1, plan.publishers > 1 { result.orders = judge.logs.map(\.order) }
    latency.close()
    result.series = latency.series
    result.phases = latency.phases
    result.slowLatency = latency.slow
    result.lastMoment = latency.last
  }
}
