internal import Events
package import Hub
package import Reactor

/// What comes from the server that this one takes over from: brings its history in, and tells when to serve.
package final class Predecessor {
  /// What the new server does.
  package struct Handlers {
    /// It was told to serve, maybe more than once.
    var serve: () -> Void
    /// There is nothing to take over.
    var fail: (_ reason: String) -> Void
    /// The other server has gone.
    var gone: () -> Void

    /// Each is called on the loop's thread.
    package init(
      serve: @escaping () -> Void, fail: @escaping (_ reason: String) -> Void,
      gone: @escaping () -> Void
    ) {
      self.serve = serve
      self.fail = fail
      self.gone = gone
    }
  }

  private var link: PacketLink?
  private let hello: HandoverPacket.Hello
  /// What it listened on, in public and for operators.
  package let (inherited, inheritedAdmin): ([InheritedSocket], [InheritedSocket])
  private var hub: Hub?
  private var local: LocalBackplane?
  private var handlers: Handlers?
  private var keys = RecentKeys()
  private var upgrade = LineUpgrade()
  private var isReady = false

  /// Reads its first word, which is there already.
  ///
  /// - Throws: a `ReactorError` for descriptors that aren't what they should be, a `HandoverError` when
  ///   it is of another version.
  package init(_ settings: PredecessorSettings, on loop: EventLoop) throws {
    let relay = PacketRelay()
    let link = try PacketLink(
      OwnedDescriptor(SpawnedProcess.firstDescriptor), on: loop, onPacket: { relay.onPacket?($0) },
      onEnd: { relay.onEnd?() })
    var first: Packet?
    relay.onPacket = { first = $0 }
    link.receive()
    guard let first, case .hello(let hello) = try? HandoverPacket(first),
      HandoverPacket.Hello.versions.contains(hello.version),
      hello.sockets.count == settings.sockets
    else {
      throw HandoverError("the running server does not speak this version's takeover protocol")
    }
    self.hello = hello
    var sockets: (public: [InheritedSocket], admin: [InheritedSocket]) = ([], [])
    for (place, role) in hello.sockets.enumerated() {
      let socket = try InheritedSocket(
        SpawnedProcess.firstDescriptor + 1 + Int32(place), ownsPath: role.contains(.ownsPath))
      if role.contains(.isAdmin) {
        sockets.admin.append(socket)
      } else {
        sockets.public.append(socket)
      }
    }
    (inherited, inheritedAdmin) = sockets
    self.link = link
    relay.onPacket = { [unowned self] in received($0) }
    relay.onEnd = { [unowned self] in ended() }
  }

  /// Names what it published through.
  package var backplane: String { hello.backplane }

  /// Whether it is of version 0.1.0.
  package var isOf010: Bool { hello.version == HandoverPacket.Hello.versionOf010 }

  /// The random key that signs its sessions.
  package var secret: [UInt8]? { hello.secret }

  /// Everything is made.
  ///
  /// - Parameter local: nil when the history is kept elsewhere.
  package func prepare(hub: Hub, local: LocalBackplane?, handlers: Handlers) {
    self.hub = hub
    self.local = local
    self.handlers = handlers
  }

  /// This server could serve; to be called again as often as one likes.
  package func sayReady() {
    guard !isReady else { return }
    isReady = true
    link?.send(HandoverPacket.ready.packet)
  }

  private func received(_ packet: Packet) {
    guard let packet = try? HandoverPacket(packet) else {
      handlers?.fail("unreadable packet from the running server")
      return
    }
    switch packet {
    case .history, .line:
      guard let record = upgrade.record(packet) else {
        handlers?.fail("message without a room from the running server")
        return
      }
      hub?.restore(record, now: .now)
    case .key(let key, let number, let age):
      keys.remember(key, number: number, now: .now - age)
    case .end:
      guard let hub else { return }
      local?.resume(epoch: hub.epoch, newest: hub.newest, keys: keys)
      link?.send(HandoverPacket.loaded.packet)
    case .go: handlers?.serve()
    case .publish(let token, let event): publish(event, token)
    case .publishLine(let token, let room, let text, let name, let key):
      publish(LineUpgrade.event(room: room, text: text, name: name, key: key), token)
    case .hello, .written, .ready, .loaded, .serving, .outcome:
      handlers?.fail("unexpected packet from the running server")
    }
  }

  private func publish(_ event: Event, _ token: UInt64) {
    local?.publish(event) { [weak self] outcome in
      self?.link?.send(HandoverPacket.outcome(token, outcome).packet)
    }
  }

  /// This server serves from now on.
  package func saysServing() { link?.send(HandoverPacket.serving.packet) }

  private func ended() {
    link = nil
    handlers?.gone()
  }
}

/// Passes packets on to whoever wants them at the moment.
private final class PacketRelay {
  var onPacket: ((Packet) -> Void)?
  var onEnd: (() -> Void)?
}
