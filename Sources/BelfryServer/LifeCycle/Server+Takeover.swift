internal import Handover
internal import Hub
internal import Logging
internal import Operations
internal import Reactor

/// Taking over from another server, and being taken over.
extension Server {
  /// Serves when the predecessor says so.
  func awaitPredecessor() {
    predecessor?.prepare(
      hub: hub, local: fanOut.local,
      handlers: .init(
        serve: { [unowned self] in perform(life.predecessorHandsOver()) },
        fail: { [unowned self] in perform(life.takeoverFailed($0)) },
        gone: { [unowned self] in perform(life.predecessorIsGone()) }))
  }

  /// Listens where the predecessor does, from now on.
  func listen() {
    guard let predecessor else { preconditionFailure("nobody else tells it to listen") }
    do throws(ReactorError) {
      for socket in predecessor.inherited { try publicSide.http.listen(on: socket) }
      for socket in predecessor.inheritedAdmin { try admin?.http.listen(on: socket) }
    } catch {
      return perform(life.takeoverFailed("\(error)"))
    }
    life.isListening()
    // In the same turn, so that it is said before anybody is accepted.
    predecessor.saysServing()
    service?.live()
    onServing()
  }

  /// Starts a successor, which takes over the sockets and the history; then sends everybody there.
  ///
  /// While this server's own predecessor is still there it waits: what that one passes on is answered
  /// through this one.
  package func handOver() { perform(life.successorIsWanted()) }

  func startSuccessor() {
    guard let program = settings.successor else {
      preconditionFailure("the life cycle was told that there is none")
    }
    let adminSockets = admin?.http.listeningSockets ?? []
    let sockets = publicSide.http.listeningSockets + adminSockets
    var roles = sockets.map { $0.ownsPath ? HandoverPacket.SocketRole.ownsPath : [] }
    for place in roles.indices.suffix(adminSockets.count) { roles[place].insert(.isAdmin) }
    let hello = HandoverPacket.Hello(
      sockets: roles, secret: sessions.secret, backplane: settings.backplane)
    service?.reloading()
    do throws(ReactorError) {
      successor = try Successor(
        on: loop, program, within: settings.takeoverTimeout, sockets: sockets.map(\.descriptor),
        hello: hello, hub: hub, local: fanOut.local, logger: logger,
        handlers: .init(
          leave: { [unowned self] in perform(life.successorServes($0)) },
          gaveUp: { [unowned self] in perform(life.successorIsGone()) }))
    } catch {
      logger.error("takeover failed, this server continues", metadata: ["reason": "\(error)"])
      perform(life.successorIsGone())
    }
  }

  /// A successor serves. All listeners are sent there, to come back at once.
  func leave(to successor: Int32) {
    logger.info(
      "taken over", metadata: ["by": "\(successor)", "listeners": "\(hub.listenerCount)"])
    service?.handedOver(to: successor)
    admin?.http.stopAccepting(leavingPaths: true)
    let retry = min(settings.hub.retry, settings.takeoverTime / 20)
    draining = Draining(
      on: loop, hub: hub, http: publicSide.http, over: settings.takeoverTime - retry,
      leavingPaths: true
    ) { retry }
  }
}
