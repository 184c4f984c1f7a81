/// What a run came to; as JSON, with snake_case keys, it is the tool's result file.
package struct Report: Codable, Sendable {
  /// A distribution's marks, in milliseconds.
  package struct Latency: Codable, Sendable {
    package var p50: Double
    package var p90: Double
    package var p99: Double
    package var p999: Double
    package var max: Double

    package init(_ histogram: LatencyHistogram) {
      p50 = histogram.milliseconds(atPercentile: 50)
      p90 = histogram.milliseconds(atPercentile: 90)
      p99 = histogram.milliseconds(atPercentile: 99)
      p999 = histogram.milliseconds(atPercentile: 99.9)
      max = histogram.maximumMilliseconds
    }
  }

  /// The processes given by `--pid`.
  package struct Server: Codable, Sendable {
    package var pids: [Int]
    /// Processor time from the first message until nothing more was waited for.
    package var cpuSeconds: Double
    /// That, for each delivery; nil without any.
    package var cpuUsPerDelivery: Double?
    /// Its share of one core's time.
    package var cpuShare: Double
    /// Processor time for each stream opened, in microseconds.
    package var cpuUsPerOpen: Double
    /// Own resident memory before any stream was open.
    package var rssBeforeBytes: Int
    /// With all streams open, before the first message.
    package var rssHoldingBytes: Int
    /// After the last delivery, streams still open.
    package var rssAfterBytes: Int
    /// From before to holding, for each listener.
    package var bytesPerListener: Double
    /// From before to after, for each listener: history counts here too. Nil in files of earlier versions.
    package var bytesPerListenerAfter: Double?
    /// How memory grew while messages went, in bytes an hour; by least squares.
    package var rssSlopeBytesPerHour: Double
  }

  /// The tool itself.
  package struct Load: Codable, Sendable {
    package var processes: Int
    package var cpuSeconds: Double
    package var cpuUsPerDelivery: Double?
    /// The busiest process's share of a core's time.
    package var busy: Double
    /// The share of the time in which a process could have run and had no core.
    package var waiting: Double
    /// The share of its reads for which a process came late: more streams had something to be read
    /// than it fetches at once.
    package var behind: Double
    /// Whether that was so much that the tool, not the server, may have set the figures.
    package var wasBottleneck: Bool
    /// How late messages were sent.
    package var publishDelayMs: Latency
  }

  /// The others' latency before, while and after some did not read.
  package struct Slow: Codable, Sendable {
    package var listeners: Int
    package var othersBeforeMs: Latency
    package var othersDuringMs: Latency
    package var othersAfterMs: Latency
    /// Of those that did not read, the pause included.
    package var slowMs: Latency
    /// Whether the others' latency at 99 % got worse meanwhile by more than chance.
    package var othersMoved: Bool
  }

  /// What each listener's own room was found to do, after the messages in the shared room.
  package struct OwnRooms: Codable, Sendable {
    /// The room that all listeners share.
    package var sharedRoom: String
    /// Messages that the server took: one to each own room, and some to the shared room between them.
    package var published: Int
    /// Of all deliveries those of these messages.
    package var delivered: Int
    package var latencyMs: Latency
  }

  /// One interval of the run.
  package struct Moment: Codable, Sendable {
    /// Seconds since the first message was due, at the interval's beginning.
    package var time: Double
    package var deliveriesPerSecond: Double
    package var p50Ms: Double
    package var p99Ms: Double
    package var maxMs: Double
  }

  /// The server at one moment.
  package struct ServerMoment: Codable, Sendable {
    package var time: Double
    package var rssBytes: Int
    package var cpuSeconds: Double
  }

  /// One point of the curve of latency by percentile.
  package struct Percentile: Codable, Sendable {
    package var percent: Double
    package var ms: Double

    package init(percent: Double, ms: Double) {
      self.percent = percent
      self.ms = ms
    }
  }

  package var scenario: Scenario
  package var target: String
  package var address: String
  /// When the run began, RFC 3339.
  package var date: String
  package var command: String
  package var version: String
  package var compiler: String
  package var machine: Machine

  package var listeners: Int
  package var publishers: Int
  package var rooms: Int
  /// Bytes of a message, the least and the most.
  package var messageBytes: [Int]
  /// Messages per second asked for; 0 for as fast as they are answered.
  package var rate: Double

  package var opened: Int
  package var connectPerSecond: Double
  package var connectLatencyMs: Latency
  package var published: Int
  package var publishLatencyMs: Latency
  package var delivered: Int
  package var missing: Int
  package var duplicated: Int
  package var reordered: Int
  package var corrupted: Int
  /// Messages of a room that the listener does not follow. Nil in files of earlier versions.
  package var foreign: Int?
  package var gaps: Int
  package var gapped: Int
  package var stale: Int
  package var lost: Int
  package var firstLoss: String?
  /// How often a listener could not open its stream anew.
  package var failedReconnects: Int
  package var firstFailedReconnect: String?
  /// Fields of events that were ignored for their names.
  package var unknownFields: Int
  /// What the server calls itself in its `Server` field; nil where it does not.
  package var serverName: String?
  package var offenders: [String]
  /// From the first message's time to the last delivery.
  package var seconds: Double
  package var deliveriesPerSecond: Double
  /// From when a message was due to when a listener had it.
  package var latencyMs: Latency
  /// From when a message was due to when its last listener had it.
  package var lastListenerMs: Latency
  package var bytes: Int
  package var comments: Int
  package var reconnects: Int
  package var reconnectLatencyMs: Latency?
  package var stormSeconds: Double?
  package var slow: Slow?
  /// Nil where listeners had no rooms of their own, or these were not checked.
  package var ownRooms: OwnRooms?
  package var server: Server?
  package var load: Load
  package var warnings: [String]
  /// Why the run ended before its time; nil when it did not.
  package var failure: String?

  package var percentiles: [Percentile]
  package var series: [Moment]
  /// Seconds of each interval of `series`.
  package var interval: Double
  package var serverSeries: [ServerMoment]

  /// Whether every delivery was right and the run came to its end.
  package var isClean: Bool {
    missing == 0 && duplicated == 0 && reordered == 0 && corrupted == 0 && foreign ?? 0 == 0
      && failure == nil && isHeld
  }

  /// Whether the server held what it took: where listeners come back, a stream may end.
  var isHeld: Bool { lost == 0 || scenario.reconnects }
}
