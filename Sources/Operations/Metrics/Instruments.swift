package import Hub
package import Limits
package import Reactor

/// What can be read off the server at any time.
package final class Instruments {
  private let hub: Hub
  private let backplane: any Backplane
  private let admission: Admission
  private let http: HTTPServer
  /// How late the loop comes to things.
  package let lag: LoopLag
  /// In seconds since 1970; nil where the kernel doesn't say.
  private let startTime: Double?

  /// - Parameter http: the public side, whose connections are counted.
  package init(hub: Hub, backplane: any Backplane, admission: Admission, http: HTTPServer) {
    self.hub = hub
    self.backplane = backplane
    self.admission = admission
    self.http = http
    lag = LoopLag(tickInterval: hub.tickInterval, now: MonotonicClock.nanoseconds)
    // What is not known is left out; nothing else depends on it.
    startTime = try? ProcessFigures.startTime()
  }

  /// Who was not let in.
  package var admissionCounters: AdmissionCounters {
    var counters = admission.counters
    counters.connections = http.counters
    return counters
  }

  /// Whether it would take work.
  package var readiness: Readiness {
    Readiness(hub: hub, backplane: backplane, admission: admission)
  }

  /// Everything but what the kernel has to be asked for.
  func read() -> Figures {
    Figures(
      hub: hub.counters, admission: admissionCounters, backplane: backplane.status,
      readiness: readiness, loopLag: lag.histogram, maximumListeners: admission.maximumListeners,
      maximumRooms: hub.settings.maximumRooms, maximumConnections: http.limits.connections,
      startTime: startTime)
  }
}

/// What a server had to say of itself at one moment.
struct Figures {
  var hub: HubCounters
  var admission: AdmissionCounters
  var backplane: BackplaneStatus
  var readiness: Readiness
  var loopLag: DurationHistogram
  var maximumListeners: Int
  var maximumRooms: Int
  var maximumConnections: Int
  /// When the process was started, in seconds since 1970.
  var startTime: Double?
  /// Nil when nobody asked for it, or when it could not be read.
  var process: ProcessFigures?
}
