internal import Handover
internal import Hub
internal import Logging
internal import Reactor

/// What `LifeCycle` decides, done.
extension Server {
  func perform(_ actions: [LifeCycle.Action]) {
    for action in actions { perform(action) }
  }

  private func perform(_ action: LifeCycle.Action) {
    switch action {
    case .awaitPredecessor: awaitPredecessor()
    case .listen: listen()
    case .announce:
      dropKept()
      service?.ready()
      onServing()
    case .startSuccessor: startSuccessor()
    case .refuseSuccessor(let reason):
      logger.warning("takeover not started", metadata: ["reason": "\(reason)"])
    case .delaySuccessor:
      logger.info(
        "takeover delayed", metadata: ["reason": "the predecessor of this server still runs"])
    case .cancelSuccessor: successor?.cancel()
    case .forgetSuccessor: successor = nil
    case .announceAgain: service?.reloaded()
    case .leave(let process): leave(to: process)
    case .drain: drain()
    case .endLoop: loop.stop()
    case .readSettings: settingsReader?.read()
    case .tellSuccessorToRead: successor?.reload()
    }
  }

  private func drain() {
    service?.stopping()
    logger.info("stopping", metadata: ["listeners": "\(hub.listenerCount)"])
    let retry = settings.hub.retry
    draining = Draining(
      on: loop, hub: hub, http: publicSide.http, over: settings.drainTime
    ) { retry * Double.random(in: 0.5...1.5) }
  }
}
