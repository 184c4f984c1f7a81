internal import Hub
internal import Reactor

/// A drain in progress: does to the hub and the connections what `Drain` says.
final class Draining {
  private let hub: Hub
  private let http: HTTPServer
  private var drain: Drain
  /// Turns the loop when nothing else does; nil without memory for it, which ends the drain at once.
  private var timer: LoopEvent?

  /// Accepts no more, and begins.
  ///
  /// - Parameters:
  ///   - leavingPaths: another process goes on listening on the same Unix sockets.
  ///   - retry: how long a listener shall wait before it reconnects; asked once for each.
  init(
    on loop: EventLoop, hub: Hub, http: HTTPServer, over time: Duration,
    leavingPaths: Bool = false, retry: @escaping () -> Duration
  ) {
    self.hub = hub
    self.http = http
    drain = Drain(of: hub.listenerCount, over: time, from: .now)
    http.stopAccepting(leavingPaths: leavingPaths)
    hub.beginEnding(retry: retry)
    timer = try? LoopEvent(on: loop, every: Drain.tick) {}
  }

  /// Sends away who is due, and returns whether it is over.
  func endOfTurn() -> Bool {
    let step = drain.advance(
      to: .now, listeners: hub.listenerCount, connections: http.connectionCount)
    hub.end(step.goodbyes)
    return step.isOver || timer == nil
  }
}
