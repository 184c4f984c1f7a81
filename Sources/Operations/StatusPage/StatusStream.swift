internal import Events
internal import Hub
internal import Reactor
internal import Responses
internal import WebForms

/// `/status/stream`: the figures of every second, for the pages that show them.
///
/// A hub of its own with one room: a page that opens is replayed the last minutes for its plots, one
/// that comes back what it missed; one that does not read is closed like any listener. None of them is
/// counted among the listeners that the figures are about.
final class StatusStream {
  /// Pages that may watch at once.
  static let maximumWatchers = 20
  /// Descriptors at most: theirs, and that of their set.
  static let descriptors = maximumWatchers + 1

  /// What a page's plots reach back: one event a second for five minutes.
  private static let history = 300
  /// How many events the kernel's figures last for while nobody watches.
  private static let eventsPerSample = 10
  // The name is one.
  private static let room = RoomName("status")!

  private let hub: Hub
  private let streams: StreamSet
  private let head = StreamHead()
  private let instruments: Instruments
  private let sampler: ProcessSampler
  private let start: ContinuousClock.Instant
  private var timer: LoopEvent?
  /// Those of the event before.
  private var last: Figures
  /// The newest that the kernel has told.
  private var process: ProcessFigures?
  private var events = 0

  /// - Parameter userTimeout: what the sockets inherit.
  init(
    on loop: EventLoop, instruments: Instruments, sampler: ProcessSampler, userTimeout: Duration,
    now: ContinuousClock.Instant
  ) throws(ReactorError) {
    let relay = StreamRelay()
    streams = try StreamSet(on: loop) { relay.pass($0, $1) }
    var settings = HubSettings()
    settings.historyCount = Self.history
    // By number alone: a process that was stopped for a while is no reason to forget them.
    settings.historyAge = .seconds(86400)
    settings.maximumRooms = 1
    // There is an event each second.
    settings.heartbeat = .zero
    settings.retry = .seconds(1)
    var generator = SystemRandomNumberGenerator()
    hub = Hub(
      settings: settings, epoch: Epoch.random(using: &generator),
      sink: SocketSink(streams, userTimeout: userTimeout), now: now)
    relay.hub = hub
    self.instruments = instruments
    self.sampler = sampler
    last = instruments.read()
    start = now
    timer = try LoopEvent(on: loop, every: .seconds(1)) { [unowned self] in publish(now: .now) }
  }

  /// How many pages watch.
  var watchers: Int { hub.listenerCount }

  /// Sends an event, whether anybody watches or not: who comes later sees it in the plots.
  private func publish(now: ContinuousClock.Instant) {
    var figures = instruments.read()
    figures.process = process
    let event = StatusEvent(
      figures: figures, last: last, time: WallClock.preciseSeconds, uptime: now - start,
      loopTime: .nanoseconds(Int64(MonotonicClock.threadProcessorTime)))
    let time = EventTime(milliseconds: WallClock.milliseconds)
    hub.append(Event(.room(Self.room), event.json, time: time), number: hub.newest + 1, now: now)
    hub.advance(to: now)
    last = figures
    // With many descriptors that is work for a processor, if not for the loop.
    if watchers > 0 || events % Self.eventsPerSample == 0 {
      sampler.sample { [weak self] in self?.process = $0 }
    }
    events += 1
  }

  func open(_ exchange: HTTPExchange, query: FormFields) {
    let request = exchange.request
    guard request.method == .get else {
      exchange.respond(.streamHead)
      return
    }
    guard hub.listenerCount < Self.maximumWatchers else {
      refuse("too many status pages are open", exchange)
      return
    }
    let socket: StreamSocket
    do throws(ReactorError) {
      socket = try exchange.detach()
    } catch {
      refuse("the server has no file descriptor left", exchange)
      return
    }
    let now = ContinuousClock.now
    let framing: Framing = request.head.isHTTP11 ? .chunked : .plain
    let last =
      request.lastEventID(or: query)
      ?? LastEventID("\(hub.idBeforeHistory(of: Self.room, now: now))")
    let token = hub.subscribe(
      StreamHandle(rawValue: socket.descriptor), to: Interest(rooms: [Self.room]), after: last,
      framing: framing, head: head.bytes(framing, and: []), now: now)
    do throws(ReactorError) {
      try streams.add(socket, token: token.rawValue)
    } catch {
      hub.remove(token, reason: .error)
    }
  }

  private func refuse(_ text: String, _ exchange: HTTPExchange) {
    guard exchange.request.isEventSource else {
      exchange.respond(Refusal(.serviceUnavailable, text, retryAfter: .seconds(5)).response)
      return
    }
    exchange.respond(.busy(text))
  }

  /// Writes what is new; returns whether there is more to do.
  func flush() -> Bool { hub.flush() }

  /// Ends every stream properly, and cuts who doesn't take that at once.
  func end() {
    timer = nil
    hub.beginEnding { .seconds(1) }
    hub.end(hub.listenerCount)
    hub.removeAll(reason: .drain)
  }
}
