internal import Handover
internal import Hub
internal import Logging
internal import Operations
internal import Reactor

/// Taking over from another server, and being taken over.
extension Server {
  /// The server that this one takes over from; nil when it begins by itself.
  ///
  /// - Throws: a `SettingsError` when that can't be, a `ReactorError` for what the machine refuses.
  static func predecessor(_ settings: ServerSettings, on loop: EventLoop) throws -> Predecessor? {
    guard let predecessor = settings.predecessor else { return nil }
    let inheritance: Predecessor
    do {
      inheritance = try Predecessor(predecessor, on: loop)
    } catch let error as HandoverError {
      throw SettingsError("\(error)")
    }
    guard inheritance.backplane == settings.backplane else {
      throw SettingsError("--redis cannot change in a takeover: restart the server")
    }
    return inheritance
  }

  /// Serves when the predecessor says so.
  func prepare(for predecessor: Predecessor, onServing: @escaping () -> Void) {
    predecessor.prepare(
      hub: hub, local: local,
      handlers: .init(
        serve: { [unowned self] () throws(ReactorError) in
          guard draining == nil else {
            throw ReactorError(function: "stop", detail: "this server is already stopping")
          }
          for socket in predecessor.inherited { try http.listen(on: socket) }
          for socket in predecessor.inheritedAdmin { try admin?.http.listen(on: socket) }
          service?.live()
          onServing()
        },
        fail: { [unowned self] reason in
          failure = SettingsError("takeover failed: \(reason)")
          loop.stop()
        },
        gone: { [unowned self] in
          guard isHandOverWanted else { return }
          isHandOverWanted = false
          handOver()
        }))
  }

  /// Starts a successor, which takes over the sockets and the history; then sends everybody there.
  ///
  /// While this server's own predecessor is still there it waits: what that one passes on is answered
  /// through this one.
  package func handOver() {
    if let predecessor, predecessor.serves, predecessor.isThere {
      isHandOverWanted = true
      return
    }
    guard let successor = settings.successor, takeoverObstacle == nil else {
      let reason = takeoverObstacle ?? "no program is set for the successor"
      logger.warning("takeover not started", metadata: ["reason": "\(reason)"])
      return
    }
    let adminSockets = admin?.http.listeningSockets ?? []
    let sockets = http.listeningSockets + adminSockets
    var roles = sockets.map { $0.ownsPath ? HandoverPacket.SocketRole.ownsPath : [] }
    for place in roles.indices.suffix(adminSockets.count) { roles[place].insert(.isAdmin) }
    let hello = HandoverPacket.Hello(
      sockets: roles, secret: secret, backplane: settings.backplane)
    service?.reloading()
    do throws(ReactorError) {
      succession = try Successor(
        on: loop, successor, within: settings.takeoverTimeout,
        sockets: sockets.map(\.descriptor), hello: hello, hub: hub, local: local, logger: logger,
        handlers: .init(
          leave: { [unowned self] in leave(to: $0) },
          gaveUp: { [unowned self] in
            succession = nil
            service?.reloaded()
          }))
    } catch {
      logger.error("takeover failed, this server continues", metadata: ["reason": "\(error)"])
      service?.reloaded()
    }
  }

  /// Why no takeover can begin now; nil when one can.
  private var takeoverObstacle: String? {
    if draining != nil { return "this server is stopping or has been taken over" }
    if succession != nil { return "a takeover is already running" }
    return predecessor?.serves ?? true ? nil : "this server does not serve yet"
  }

  /// A successor serves: whoever is here is sent there, to come back at once.
  private func leave(to successor: Int32) {
    // Told to stop, which ends the successor as well.
    guard draining == nil else { return }
    logger.info(
      "taken over", metadata: ["by": "\(successor)", "listeners": "\(hub.listenerCount)"])
    service?.handedOver(to: successor)
    admin?.http.stopAccepting(leavingPaths: true)
    let retry = min(settings.hub.retry, settings.takeoverTime / 20)
    draining = Draining(
      on: loop, hub: hub, http: http, over: settings.takeoverTime - retry, leavingPaths: true
    ) { retry }
  }
}
