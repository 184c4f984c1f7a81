/// What a load process is told.
package enum WorkerCommand: Codable, Sendable {
  /// The first message is due at this moment of `MonotonicClock`, in nanoseconds.
  case start(at: UInt64)
  /// So many messages were published, by lane: wait for them.
  case expect(Published)
  /// Publish no more; and what was published and has not come yet is waited for no longer.
  case stop(because: String)
  /// All processes have everything: publish to each listener's own room, and see that it gets that.
  case checkOwnRooms
  /// All processes have everything: what comes once more would come now.
  case linger
  /// Say what was measured, and end.
  case finish
}

/// What a load process says.
package enum WorkerEvent: Codable, Sendable {
  /// All its listeners' streams are open.
  case opened
  /// It can't go on, before the load began.
  case failed(String)
  /// What happened so far; several times a second.
  case progress(Progress)
  /// The server is there no more for any of its listeners.
  case gone
  /// The publisher is through.
  case published(Published)
  /// Every listener has everything, or nothing comes any more.
  case complete
  /// What came once more has come.
  case settled
  case result(WorkerResult)
}

/// What was published, said by the process that did.
package struct Published: Codable, Sendable {
  /// By lane: how many were answered, and so have to arrive.
  package var counts: [Int]
  /// By lane: how many were sent; nil where who sent them can't say any more.
  package var attempted: [Int]?
  /// By lane and number: when it was sent. Only where that says what a listener must be sent that
  /// joined meanwhile; elsewhere empty, for it is long.
  package var sent: [[UInt64]] = []
  /// Why publishing ended early; nil when it did not.
  package var failure: String?

  /// Nothing was, or nobody can say what.
  package static func nothing(
    _ plan: Plan, isKnown: Bool = true, because failure: String? = nil
  ) -> Published {
    let none = Array(repeating: 0, count: plan.roomCount * plan.publishers)
    return Published(counts: none, attempted: isKnown ? none : nil, failure: failure)
  }
}

/// A look at a load process at work.
package struct Progress: Codable, Sendable {
  /// Streams open now.
  package var open = 0
  package var published = 0
  package var delivered = 0
  /// Deliveries that were wrong, so far.
  package var wrong = 0
  /// Of the last interval that is complete, in milliseconds.
  package var p99: Double = 0

  package init() {}
}

/// Everything one load process measured.
package struct WorkerResult: Codable, Sendable {
  /// What came of the check of own rooms.
  package struct Check: Codable, Sendable {
    /// Messages that the server took.
    package var published = 0
    package var delivered = 0
    package var latency = LatencyHistogram()

    package init() {}
  }

  package var opened = 0
  /// Seconds until all were open, counted from the first.
  package var openSeconds: Double = 0
  package var connectLatency = LatencyHistogram()
  /// Messages that the server took.
  package var published = 0
  package var publishLatency = LatencyHistogram()
  /// How late messages were sent, by this tool's own doing or a publisher's that waited.
  package var publishDelay = LatencyHistogram()
  package var tally = Tally()
  package var offenders: [Offender] = []
  /// What the server put around each message.
  package var shape: TextShape?
  package var series = TimeSeries(duration: 0)
  /// How many listeners stopped reading.
  package var slowListeners = 0
  /// Of the listeners that stopped reading.
  package var slowLatency = LatencyHistogram()
  /// Of the others, before, while and after they did.
  package var phases: [LatencyHistogram] = []
  /// Of streams that were opened anew.
  package var reconnectLatency = LatencyHistogram()
  package var reconnects = 0
  /// How long a connect storm took, from the drop until all were back; nil when there was none, or
  /// they never all came back.
  package var stormSeconds: Double?
  /// Streams that the server ended, or that broke.
  package var lost = 0
  /// Why the first was.
  package var firstLoss: String?
  /// Streams that a listener could not open anew, counted each time.
  package var failedReconnects = 0
  /// Why the first was.
  package var firstFailedReconnect: String?
  package var comments = 0
  /// Fields of events with a name that the standard does not know.
  package var unknownFields = 0
  /// What the server calls itself.
  package var server: String?
  package var bytes = 0
  /// By lane and number: when the last listener here got it, nanoseconds after it was due; 0 for
  /// never.
  package var lastDelays: [[UInt64]] = []
  /// By room: the order of its messages, where other processes may have seen another.
  package var orders: [MessageOrder] = []
  /// When the last delivery came, in nanoseconds of `MonotonicClock`; 0 for never.
  package var lastMoment: UInt64 = 0
  /// Processor seconds of its thread from the first message to the last delivery.
  package var processorSeconds: Double = 0
  /// Seconds in the same time in which its thread could have run, and others had the core.
  package var waitingSeconds: Double = 0
  /// Nil where there was none.
  package var check: Check?
  /// Events of its connections in the same time.
  package var reads = 0
  /// Of these, those that were fetched while more were waiting than it fetches at once.
  package var readsBehind = 0

  package init() {}
}
