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
    let plan = parts.plan
    var tally = Tally()
    var connect = LatencyHistogram()
    var reconnect = LatencyHistogram()
    var slowOnes = LatencyHistogram()
    var phases = Array(repeating: LatencyHistogram(), count: 3)
    // There is always one: the process that publishes.
    var series = parts.results.first?.series ?? TimeSeries(duration: 0)
    let strangers = Self.otherOrders(parts)
    for (index, result) in parts.results.enumerated() {
      tally += result.tally
      connect += result.connectLatency
      reconnect += result.reconnectLatency
      slowOnes += result.slowLatency
      for (phase, histogram) in result.phases.enumerated() { phases[phase] += histogram }
      if index > 0 { series += result.series }
    }
    let publisher = parts.results.first
    let lastMoment = parts.results.map(\.lastMoment).max() ?? 0
    let openSeconds = parts.results.map(\.openSeconds).max() ?? 0
    let seconds = lastMoment > parts.start ? Double(lastMoment - parts.start) / 1e9 : 0
    let loadSeconds = parts.results.reduce(0) { $0 + $1.processorSeconds }
    func share(_ time: (WorkerResult) -> Double) -> Double {
      seconds > 0 ? (parts.results.map(time).max() ?? 0) / seconds : 0
    }
    let busy = share { $0.processorSeconds }
    let busyOrWaiting = share { $0.processorSeconds + $0.waitingSeconds }
    let behind =
      parts.results.map { Double($0.readsBehind) / Double(max(1, $0.reads)) }.max() ?? 0
    func each(_ seconds: Double) -> Double? {
      tally.delivered > 0 ? seconds * 1e6 / Double(tally.delivered) : nil
    }

    scenario = plan.scenario
    target = plan.target.name
    address = plan.target.stream.address
    date = parts.date
    command = parts.command
    version = parts.version
    compiler = Program.compiler
    machine = parts.machine
    listeners = plan.listeners
    publishers = plan.publishers
    rooms = plan.rooms
    messageBytes = [plan.sizes.lowerBound, plan.sizes.upperBound]
    rate = plan.rate
    opened = parts.results.reduce(0) { $0 + $1.opened }
    connectPerSecond = openSeconds > 0 ? Double(plan.listeners) / openSeconds : 0
    connectLatencyMs = Latency(connect)
    published = publisher?.published ?? 0
    publishLatencyMs = Latency(publisher?.publishLatency ?? LatencyHistogram())
    delivered = tally.delivered
    missing = tally.missing
    duplicated = tally.duplicated
    reordered = tally.reordered + strangers.reduce(0) { $0 + $1.count }
    corrupted = tally.corrupted
    gaps = tally.gaps
    gapped = tally.gapped
    stale = tally.stale
    lost = parts.results.reduce(0) { $0 + $1.lost }
    firstLoss = parts.results.lazy.compactMap(\.firstLoss).first
    let wrong = parts.results.flatMap(\.offenders).sorted { $0.moment < $1.moment }.map(\.text)
    offenders = Array((wrong + strangers.map(\.text)).prefix(DeliveryJudge.maximumOffenders))
    failedReconnects = parts.results.reduce(0) { $0 + $1.failedReconnects }
    firstFailedReconnect = parts.results.lazy.compactMap(\.firstFailedReconnect).first
    unknownFields = parts.results.reduce(0) { $0 + $1.unknownFields }
    serverName = parts.results.lazy.compactMap(\.server).first
    self.seconds = seconds
    deliveriesPerSecond = seconds > 0 ? Double(tally.delivered) / seconds : 0
    latencyMs = Latency(series.total)
    lastListenerMs = Latency(Self.lastListener(parts.results))
    bytes = parts.results.reduce(0) { $0 + $1.bytes }
    comments = parts.results.reduce(0) { $0 + $1.comments }
    reconnects = parts.results.reduce(0) { $0 + $1.reconnects }
    reconnectLatencyMs = reconnect.count > 0 ? Latency(reconnect) : nil
    stormSeconds = parts.results.compactMap(\.stormSeconds).max()
    if plan.scenario == .slow {
      let before = Latency(phases[LatencyRecorder.Phase.before.rawValue])
      let during = Latency(phases[LatencyRecorder.Phase.during.rawValue])
      slow = Slow(
        listeners: parts.results.reduce(0) { $0 + $1.slowListeners },
        othersBeforeMs: before, othersDuringMs: during,
        othersAfterMs: Latency(phases[LatencyRecorder.Phase.after.rawValue]),
        slowMs: Latency(slowOnes), othersMoved: Self.hasMoved(from: before.p99, to: during.p99))
    }
    load = Load(
      processes: plan.workers, cpuSeconds: loadSeconds, cpuUsPerDelivery: each(loadSeconds),
      busy: busy, waiting: share { $0.waitingSeconds }, behind: behind,
      wasBottleneck: busyOrWaiting > Self.busyLimit || behind > Self.behindLimit,
      publishDelayMs: Latency(publisher?.publishDelay ?? LatencyHistogram()))
    failure = parts.published.failure ?? parts.failure
    percentiles = Self.curve(series.total)
    interval = series.interval
    self.series = series.points.map { point in
      let latency = point.latency
      return Moment(
        time: Double(point.index) * series.interval,
        deliveriesPerSecond: Double(latency.count) / series.interval,
        p50Ms: latency.milliseconds(atPercentile: 50),
        p99Ms: latency.milliseconds(atPercentile: 99), maxMs: latency.maximumMilliseconds)
    }
    serverSeries = parts.samples
    if !parts.pids.isEmpty {
      server = Self.server(parts, seconds: seconds, each: each)
    }
    warnings = []
    warnings = remarks
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

  private static func server(
    _ parts: Ingredients, seconds: Double, each: (Double) -> Double?
  ) -> Server {
    let used = parts.after.processorSeconds - parts.holding.processorSeconds
    let listeners = Double(max(1, parts.plan.listeners))
    let slope = Trend.slope(parts.samples.map { ($0.time, Double($0.rssBytes)) })
    let lasted = max(seconds, parts.samples.last?.time ?? 0)
    return Server(
      pids: parts.pids, cpuSeconds: used, cpuUsPerDelivery: each(used),
      cpuShare: lasted > 0 ? used / lasted : 0,
      cpuUsPerOpen: (parts.holding.processorSeconds - parts.before.processorSeconds) * 1e6
        / listeners,
      rssBeforeBytes: parts.before.residentBytes, rssHoldingBytes: parts.holding.residentBytes,
      rssAfterBytes: parts.after.residentBytes,
      bytesPerListener: Double(parts.holding.residentBytes - parts.before.residentBytes)
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

  /// What a reader of the figures must know.
  private var remarks: [String] {
    var remarks: [String] = []
    if load.wasBottleneck {
      remarks.append(
        "The load tool, not the server, may have limited these figures: its thread was busy "
          + "\(Text.fixed(load.busy * 100, 0)) % of the time, waited for a core "
          + "\(Text.fixed(load.waiting * 100, 0)) %, and was late for "
          + "\(Text.fixed(load.behind * 100, 0)) % of its reads. Give it more `--processes`, a core of its "
          + "own, or a lower rate.")
    }
    if let slow, slow.othersMoved {
      remarks.append(
        "The other listeners got messages later while some did not read: p99 rose from "
          + "\(Text.number(slow.othersBeforeMs.p99)) to \(Text.number(slow.othersDuringMs.p99)) ms."
      )
    }
    if rate > 0, load.publishDelayMs.p99 > 20, load.publishDelayMs.p99 > latencyMs.p50 / 2 {
      remarks.append(
        "Messages were sent up to \(Text.number(load.publishDelayMs.max)) ms after they were due: all "
          + "\(publishers) publishers were waiting for answers, or the load tool was late.")
    }
    if let own = load.cpuUsPerDelivery, let theirs = server?.cpuUsPerDelivery, own > theirs,
      load.busy > 0.5
    {
      remarks.append(
        "A delivery cost the load tool more CPU time (\(Text.number(own)) µs) than the server "
          + "(\(Text.number(theirs)) µs).")
    }
    if delivered >= 1000, let server, server.cpuSeconds == 0 {
      remarks.append(
        "The processes given by --pid used no CPU time: are they the server's workers?")
    }
    if lost > 0 {
      remarks.append(
        "\(Text.grouped(lost)) streams were lost; the first one: \(firstLoss ?? "unknown").")
    }
    if failedReconnects > 0 {
      remarks.append(
        "\(Text.grouped(failedReconnects)) reconnects failed; the first one: "
          + "\(firstFailedReconnect ?? "unknown").")
    }
    if unknownFields > 0 {
      remarks.append(
        "\(Text.grouped(unknownFields)) event fields had unknown names and were ignored: were they "
          + "damaged?")
    }
    if gaps > 0 {
      remarks.append(
        "The server reported \(Text.grouped(gaps)) gaps; \(Text.grouped(gapped)) messages in them do "
          + "not count as missing.")
    }
    return remarks
  }
}
