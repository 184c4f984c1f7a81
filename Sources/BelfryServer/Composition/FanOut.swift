internal import Events
internal import Handover
internal import Hub
internal import Limits
internal import Logging
internal import Operations
internal import Reactor
internal import RedisBackplane
internal import Responses

/// The rooms with their listeners, and what brings messages to them.
struct FanOut {
  let hub: Hub
  let streams: StreamSet
  let backplane: any Backplane
  /// The backplane of a node without Redis; nil with Redis.
  let local: LocalBackplane?

  init(
    on loop: EventLoop, _ settings: ServerSettings, sockets: SocketOptions,
    predecessor: Predecessor?, admission: Admission, accessLog: AccessLog?, logger: Logger
  ) throws {
    let relay = StreamRelay()
    let streams = try StreamSet(on: loop) { relay.pass($0, $1) }
    var generator = SystemRandomNumberGenerator()
    let epoch = Epoch.random(using: &generator)
    let hub = Hub(
      settings: settings.hub, epoch: epoch,
      sink: SocketSink(
        streams, userTimeout: sockets.userTimeout,
        onWrite: accessLog.map { log in { log.wrote($0, to: $1) } },
        onClose: { socket, reason in
          admission.closed(socket)
          accessLog?.closed(socket, reason)
        }),
      format: ChatFormat(), now: .now,
      isOnThread: { [thread = loop.thread] in thread.isCurrent })
    relay.hub = hub
    self.streams = streams
    self.hub = hub
    if var redis = settings.redis {
      if predecessor?.isOf010 ?? false { redis.sparedEarlierNodes = 1 }
      local = nil
      backplane = try RedisBackplane(
        on: loop, redis, hub: hub, format: ChatFormat(), logger: logger)
    } else {
      let local = LocalBackplane(epoch: epoch) { event, number in
        hub.append(event, number: number, now: .now)
      }
      self.local = local
      backplane = local
    }
  }
}
