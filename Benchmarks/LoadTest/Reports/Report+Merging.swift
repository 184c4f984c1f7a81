extension Report {
  /// From when the load ran its thread, or waited to run it, for more than this share of the time, its
  /// own delays count.
  private static let busyLimit = 0.9
  /// The same for the share of its reads for which it came late.
  private static let behindLimit = 0.5
  /// How much worse the others' latency may get while some don't read: so many times what it was
  /// before, or so many milliseconds more where that is more. Chance alone moves it by less.
  private static let slowLimit = (factor: 2.0, milliseconds: 10.0)

  /// What the load processes and the look at the server's come to.
  package struct Ingredients {
    package var plan: Plan
    /// One of each load process that could say what it measured, the publishing one first.
    package var results: [WorkerResult]
    package var published: Published
    /// When the first message was due, in nanoseconds of `MonotonicClock`.
    package var start: UInt64
    package var machine: Machine
    package var pids: [Int] = []
    package var before = ServerSample()
    package var holding = ServerSample()
    package var after = ServerSample()
    package var samples: [ServerMoment] = []
    package var date = ""
    package var command = ""
    package var version = ""
    package var failure: String?

    package init(
      plan: Plan, results: [WorkerResult], published: Published, start: UInt64, machine: Machine
    ) {
      self.plan = plan
      self.results = results
      self.published = published
      self.start = start
      self.machine = machine
    }
  }

  /// What load processes measured, as one report.
  package init(_ parts: Ingredients) {
    let (plan, results) = (parts.plan, parts.results)
    let totals = Totals(results)
    // There is always one: the process that publishes.
    let publisher = results.first
    let strangers = Self.otherOrders(parts)
    let tally = totals.tally
    let inLoad = totals.deliveredInLoad
    let openSeconds = totals.largest(\.openSeconds)
    seconds = totals.seconds(since: parts.start)

    scenario = plan.scenario
    target = plan.target.name
    address = plan.target.stream.address
    date = parts.date
    command = parts.command
    version = parts.version
    compiler = Program.compiler
    machine = parts.machine
    (listeners, publishers, rooms) = (plan.listeners, plan.publishers, plan.roomCount)
    messageBytes = [plan.sizes.lowerBound, plan.sizes.upperBound]
    rate = plan.rate
    opened = totals.sum(\.opened)
    connectPerSecond = openSeconds > 0 ? Double(plan.listeners) / openSeconds : 0
    connectLatencyMs = Latency(totals.connect)
    published = publisher?.published ?? 0
    publishLatencyMs = Latency(publisher?.publishLatency ?? LatencyHistogram())
    delivered = tally.delivered
    (missing, duplicated) = (tally.missing, tally.duplicated)
    reordered = tally.reordered + strangers.reduce(0) { $0 + $1.count }
    corrupted = tally.corrupted
    foreign = tally.foreign
    (gaps, gapped) = (tally.gaps, tally.gapped)
    stale = tally.stale
    lost = totals.sum(\.lost)
    firstLoss = totals.first(\.firstLoss)
    offenders = Array(
      (totals.offenders + strangers.map(\.text)).prefix(DeliveryJudge.maximumOffenders))
    failedReconnects = totals.sum(\.failedReconnects)
    firstFailedReconnect = totals.first(\.firstFailedReconnect)
    unknownFields = totals.sum(\.unknownFields)
    serverName = totals.first(\.server)
    deliveriesPerSecond = seconds > 0 ? Double(inLoad) / seconds : 0
    latencyMs = Latency(totals.series.total)
    lastListenerMs = Latency(Self.lastListener(results))
    (bytes, comments) = (totals.sum(\.bytes), totals.sum(\.comments))
    reconnects = totals.sum(\.reconnects)
    reconnectLatencyMs = totals.reconnect.count > 0 ? Latency(totals.reconnect) : nil
    stormSeconds = results.compactMap(\.stormSeconds).max()
    slow = plan.scenario == .slow ? Self.slow(totals) : nil
    ownRooms = Self.ownRooms(plan, results)
    load = Self.load(plan, totals, seconds: seconds)
    failure = parts.published.failure ?? parts.failure
    percentiles = Self.curve(totals.series.total)
    interval = totals.series.interval
    series = Self.moments(totals.series)
    serverSeries = parts.samples
    server = parts.pids.isEmpty ? nil : Self.server(parts, delivered: inLoad, seconds: seconds)
    warnings = []
    warnings = remarks
  }

  /// What the load processes measured, added up.
  private struct Totals {
    let results: [WorkerResult]
    var tally = Tally()
    var connect = LatencyHistogram()
    var reconnect = LatencyHistogram()
    var slowOnes = LatencyHistogram()
    /// By `LatencyRecorder.Phase`.
    var phases = Array(repeating: LatencyHistogram(), count: 3)
    var series: TimeSeries

    init(_ results: [WorkerResult]) {
      self.results = results
      series = results.first?.series ?? TimeSeries(duration: 0)
      for (index, result) in results.enumerated() {
        tally += result.tally
        connect += result.connectLatency
        reconnect += result.reconnectLatency
        slowOnes += result.slowLatency
        for (phase, histogram) in result.phases.enumerated() { phases[phase] += histogram }
        if index > 0 { series += result.series }
      }
    }

    func sum(_ count: (WorkerResult) -> Int) -> Int { results.reduce(0) { $0 + count($1) } }

    /// Without those of the check of own rooms.
    var deliveredInLoad: Int { tally.delivered - sum { $0.check?.delivered ?? 0 } }

    func first(_ text: (WorkerResult) -> String?) -> String? {
      results.lazy.compactMap(text).first
    }

    /// From `start` to the last message.
    func seconds(since start: UInt64) -> Double {
      let last = results.map(\.lastMoment).max() ?? 0
      return last > start ? Double(last - start) / 1e9 : 0
    }

    /// What was wrong, in its order.
    var offenders: [String] {
      results.flatMap(\.offenders).sorted { $0.moment < $1.moment }.map(\.text)
    }

    func largest(_ value: (WorkerResult) -> Double) -> Double { results.map(value).max() ?? 0 }
  }

  private static func slow(_ totals: Totals) -> Slow {
    func latency(_ phase: LatencyRecorder.Phase) -> Latency {
      Latency(totals.phases[phase.rawValue])
    }
    let (before, during) = (latency(.before), latency(.during))
    return Slow(
      listeners: totals.sum(\.slowListeners), othersBeforeMs: before, othersDuringMs: during,
      othersAfterMs: latency(.after), slowMs: Latency(totals.slowOnes),
      othersMoved: hasMoved(from: before.p99, to: during.p99))
  }

  private static func ownRooms(_ plan: Plan, _ results: [WorkerResult]) -> OwnRooms? {
    let checks = results.compactMap(\.check)
    guard !checks.isEmpty else { return nil }
    var latency = LatencyHistogram()
    for check in checks { latency += check.latency }
    return OwnRooms(
      sharedRoom: plan.name(ofRoom: 0), published: checks.reduce(0) { $0 + $1.published },
      delivered: checks.reduce(0) { $0 + $1.delivered }, latencyMs: Latency(latency))
  }

  private static func load(_ plan: Plan, _ totals: Totals, seconds: Double) -> Load {
    func share(_ time: (WorkerResult) -> Double) -> Double {
      seconds > 0 ? totals.largest(time) / seconds : 0
    }
    let used = totals.results.reduce(0) { $0 + $1.processorSeconds }
    let behind = totals.largest { Double($0.readsBehind) / Double(max(1, $0.reads)) }
    let busyOrWaiting = share { $0.processorSeconds + $0.waitingSeconds }
    return Load(
      processes: plan.workers, cpuSeconds: used,
      cpuUsPerDelivery: each(used, of: totals.deliveredInLoad),
      busy: share { $0.processorSeconds }, waiting: share { $0.waitingSeconds }, behind: behind,
      wasBottleneck: busyOrWaiting > busyLimit || behind > behindLimit,
      publishDelayMs: Latency(totals.results.first?.publishDelay ?? LatencyHistogram()))
  }

  /// Microseconds of each delivery; nil when there was none.
  private static func each(_ seconds: Double, of delivered: Int) -> Double? {
    delivered > 0 ? seconds * 1e6 / Double(delivered) : nil
  }

  private static func moments(_ series: TimeSeries) -> [Moment] {
    series.points.map { point in
      let latency = point.latency
      return Moment(
        time: Double(point.index) * series.interval,
        deliveriesPerSecond: Double(latency.count) / series.interval,
        p50Ms: latency.milliseconds(atPercentile: 50),
        p99Ms: latency.milliseconds(atPercentile: 99), maxMs: latency.maximumMilliseconds)
    }
  }

  /// Whether a latency at 99 % got worse by more than chance, in milliseconds.
  static func hasMoved(from before: Double, to during: Double) -> Bool {
    before > 0
      && during > max(before * slowLimit.factor, before + slowLimit.milliseconds)
  }

  /// What the listeners of one process were sent in another order than those of the first.
  private static func otherOrders(_ parts: Ingredients) -> [(count: Int, text: String)] {
    guard let first = parts.results.first else { return [] }
    var found: [(count: Int, text: String)] = []
    for result in parts.results.dropFirst() {
      for (mine, theirs) in zip(result.orders, first.orders) {
        let (count, message) = mine.differences(from: theirs)
        guard let message else { continue }
        found.append((count, "some listeners got \(message) in a different order than others"))
      }
    }
    return found
  }

  private static func server(_ parts: Ingredients, delivered: Int, seconds: Double) -> Server {
    let used = parts.after.processorSeconds - parts.holding.processorSeconds
    let listeners = Double(max(1, parts.plan.listeners))
    let slope = Trend.slope(parts.samples.map { ($0.time, Double($0.rssBytes)) })
    let lasted = max(seconds, parts.samples.last?.time ?? 0)
    return Server(
      pids: parts.pids, cpuSeconds: used, cpuUsPerDelivery: each(used, of: delivered),
      cpuShare: lasted > 0 ? used / lasted : 0,
      cpuUsPerOpen: (parts.holding.processorSeconds - parts.before.processorSeconds) * 1e6
        / listeners,
      rssBeforeBytes: parts.before.residentBytes, rssHoldingBytes: parts.holding.residentBytes,
      rssAfterBytes: parts.after.residentBytes,
      bytesPerListener: Double(parts.holding.residentBytes - parts.before.residentBytes)
        / listeners,
      bytesPerListenerAfter: Double(parts.after.residentBytes - parts.before.residentBytes)
        / listeners,
      rssSlopeBytesPerHour: slope * 3600)
  }

  /// The time each message took to its last listener, over all processes.
  private static func lastListener(_ results: [WorkerResult]) -> LatencyHistogram {
    var histogram = LatencyHistogram()
    guard let first = results.first else { return histogram }
    for (lane, delays) in first.lastDelays.enumerated() {
      for number in delays.indices {
        let last = results.map { $0.lastDelays[lane][number] }.max() ?? 0
        if last > 0 { histogram.record(nanoseconds: last) }
      }
    }
    return histogram
  }

  /// Marks that lie evenly on an axis of 1 / (1 - part), to 99.999 %.
  private static func curve(_ histogram: LatencyHistogram) -> [Percentile] {
    guard histogram.count > 0 else { return [] }
    var percents: [Double] = [0]
    var rest = 100.0
    while rest > 0.0011 {
      for step in 1...10 {
        let percent = 100 - rest * (1 - Double(step) * 0.05)
        percents.append(percent)
      }
      rest /= 2
    }
    // Beyond the last one of all there is nothing to be seen.
    let end = 100 - 100 / Double(histogram.count)
    let seen = percents.filter { $0 <= end } + [100]
    return seen.map { Percentile(percent: $0, ms: histogram.milliseconds(atPercentile: $0)) }
  }
}
