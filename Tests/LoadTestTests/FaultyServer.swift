import Glibc
import Reactor
import TestSupport

/// A small server of event streams that does one thing wrong.
///
/// Streams on `/stream`, posts to `/post` as `message=TEXT&room=ROOM`. A stream that asks for no room
/// follows all, one that asks for some gets what is posted there. It keeps all messages, and a listener with
/// a `Last-Event-ID` is sent what it missed. The first messages are delivered well: they are the load's
/// own trial.
final class FaultyServer {
  enum Fault: Equatable, Sendable {
    case none
    case dropsEvery(Int)
    case doublesEvery(Int)
    /// One delivery waits until its listener was sent the next.
    case swapsEvery(Int)
    case corruptsEvery(Int)
    /// Does nothing for a while when this message comes.
    case stalls(at: Int, milliseconds: UInt32)
    case neverAnswersStreams
    case neverAnswersPosts
    case refusesStreams(HTTPStatus)
    case refusesPosts(HTTPStatus)
    case answersWithPages
    /// Takes messages and delivers none.
    case deliversNothing
    /// Ends for good when this message comes.
    case dies(at: Int)
    /// Sends nothing of what a listener missed, the message after it came back included.
    case forgets
    /// Tells a listener that resumes of a gap, and sends nothing of what it missed, as above.
    case tellsOfGaps
    /// Ends one listener's stream when this message comes.
    case endsAStream(at: Int)
    /// Ends all streams when this message comes, and refuses every one that is asked for from then on.
    case refusesReturns(at: Int)
    /// Ends for good a while after so many streams were open.
    case diesAfter(streams: Int, milliseconds: Int)
    /// Does not answer this message's post, nor deliver it.
    case fallsSilent(at: Int)
    /// Tells the last listener of a gap at this message, which it is not sent.
    case gapsToTheLast(at: Int)
    /// Sends every so many-th delivery with another id, under another type, or with another field.
    case altersIDs(every: Int)
    case altersTypes(every: Int)
    case altersFields(every: Int)
    /// Sends each listener an event of another type, without an id, after each message.
    case pings
    /// Sends every so many-th message of a room that one listener follows to another one instead, or to
    /// another one too.
    case misleadsEvery(Int)
    case leaksEvery(Int)
    /// Every so many-th delivery in a room that one listener follows waits until that one was sent
    /// something else.
    case delaysOwnEvery(Int)
    /// Lets a stream follow the first room that it asks for only.
    case followsOneRoom
    /// Refuses the stream with this number and all that follow, as Belfry refuses a browser.
    case refusesRooms(from: Int)
  }

  let port: UInt16
  private let fault: Fault
  private let thread: RunningThread
  private let shared: Shared

  private final class Shared: @unchecked Sendable {
    // Written before the port is told; used on the loop only, through `remote`.
    var state: State?
    var remote: Remote?
    var failure: (any Error)?
  }

  /// - Parameter unix: listens there instead of on a port.
  /// - Parameter trials: how many messages the load's own trial has: three with own rooms.
  init(
    _ fault: Fault = .none, isChunked: Bool = true, prefix: String = "[12:00:00] x: ",
    unix: String? = nil, trials: Int = 1
  ) throws {
    self.fault = fault
    let shared = Shared()
    self.shared = shared
    let announce = Channel<UInt16?>()
    thread = RunningThread {
      do {
        let address = unix.map { ListenAddress.unix(path: $0) }
        let state = try State(
          fault, isChunked, prefix, trials, on: address ?? .tcp(host: "127.0.0.1", port: 0))
        let (remote, door) = try state.loop.makeRemote()
        shared.state = state
        shared.remote = remote
        if case .tcp(_, let port) = state.address { announce.send(port) } else { announce.send(0) }
        state.run()
        shared.state = nil
        withExtendedLifetime(door) {}
      } catch {
        shared.failure = error
        announce.send(nil)
      }
    }
    guard let port = announce.receive() else {
      throw shared.failure ?? Client.Failure(description: "no port")
    }
    self.port = port
  }

  /// Whether a load may wait in vain for something, so that only the end of its patience ends it.
  var keepsBack: Bool {
    switch fault {
    case .none, .doublesEvery, .stalls, .dies, .diesAfter, .pings: false
    default: true
    }
  }

  /// How long a load shall wait without anything getting on, in seconds: a client's patience, or where
  /// it waits in vain longer than a busy machine keeps a process waiting.
  var patience: Int { keepsBack ? 2 : Client.patience }

  /// How many messages it was sent.
  var published: Int {
    let result = Channel<Int>()
    let shared = shared
    // Set before the port was told, and there until this object is gone.
    shared.remote!.execute { result.send(shared.state!.messages.count) }
    return result.receive()
  }

  deinit {
    // Set before the port was told; after `dies` the loop has ended already, and nobody listens.
    let shared = shared
    shared.remote?.execute { shared.state?.loop.stop() }
    thread.join()
  }
}

/// What the server's thread owns.
private final class State {
  private struct Listener {
    let socket: StreamSocket
    /// Nil for all.
    let rooms: [String]?
    var held: [UInt8]?
    /// Is not sent the next message.
    var skipsOne = false

    func follows(_ room: String) -> Bool { rooms?.contains(room) ?? true }
  }

  let loop: EventLoop
  private(set) var address: ListenAddress
  private let fault: FaultyServer.Fault
  private let isChunked: Bool
  private let prefix: String
  private let trials: Int
  private var http: HTTPServer?
  private var streams: StreamSet?
  private var listeners: [UInt64: Listener] = [:]
  private var nextToken: UInt64 = 1
  private var unanswered: [HTTPExchange] = []
  private(set) var messages: [String] = []
  /// By message: the room it was posted to.
  private var rooms: [String] = []
  private var deliveries = 0
  private var ownMessages = 0
  private var end: LoopEvent?

  init(
    _ fault: FaultyServer.Fault, _ isChunked: Bool, _ prefix: String, _ trials: Int,
    on address: ListenAddress
  ) throws {
    self.address = address
    self.fault = fault
    self.isChunked = isChunked
    self.prefix = prefix
    self.trials = trials
    loop = try EventLoop()
    streams = try StreamSet(on: loop) { [unowned self] token, occurrence in
      if case .gone = occurrence { close(token) }
    }
    http = try HTTPServer(on: loop) { [unowned self] in handle($0) }
    self.address = try http?.listen(on: address) ?? address
  }

  func run() {
    loop.run { [unowned self] in
      http?.endOfTurn()
      return false
    }
    for token in listeners.keys { close(token) }
    unanswered = []
    http?.close()
  }

  private func close(_ token: UInt64) {
    guard let listener = listeners.removeValue(forKey: token) else { return }
    streams?.close(listener.socket)
  }

  private func handle(_ exchange: HTTPExchange) {
    if exchange.request.method == .post { return post(exchange) }
    switch fault {
    case .neverAnswersStreams: unanswered.append(exchange)
    case .refusesStreams(let status): exchange.respond(HTTPResponse(status))
    case .refusesRooms(let number) where nextToken >= number:
      let body = "event: busy\ndata: room limit reached\n\n"
      exchange.respond(
        HTTPResponse(.ok, headers: [("Content-Type", "text/event-stream")], body: Array(body.utf8)))
    case .refusesReturns(let number) where messages.count > number:
      exchange.respond(HTTPResponse(.serviceUnavailable))
    case .answersWithPages:
      exchange.respond(HTTPResponse(.ok, headers: [("Content-Type", "text/html")]))
    default: open(exchange)
    }
  }

  private func open(_ exchange: HTTPExchange) {
    guard let socket = try? exchange.detach() else { return }
    let token = nextToken
    nextToken += 1
    let framing = isChunked ? "Transfer-Encoding: chunked\r\n" : "Connection: close\r\n"
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\(framing)\r\n"
    var listener = Listener(socket: socket, rooms: rooms(of: exchange.request.head.target))
    var bytes = Array(head.utf8) + framed("retry: 50\nid: \(messages.count)\n\n")
    if let id = exchange.request.head["Last-Event-ID"].flatMap(Int.init) {
      listener.skipsOne = fault == .forgets || fault == .tellsOfGaps
      if fault == .tellsOfGaps {
        bytes += framed("event: gap\ndata: {}\n\n")
      } else if fault != .forgets {
        for number in min(id, messages.count)..<messages.count
        where listener.follows(rooms[number]) { bytes += frame(number) }
      }
    }
    listeners[token] = listener
    try? streams?.add(socket, token: token)
    _ = streams?.write(bytes.span, to: socket)
    if case .diesAfter(listeners.count, let milliseconds) = fault {
      end = try? LoopEvent(on: loop, after: .milliseconds(milliseconds)) { [unowned self] in
        loop.stop()
      }
    }
  }

  private func framed(_ event: String) -> [UInt8] {
    let size = String(event.utf8.count, radix: 16)
    return Array((isChunked ? "\(size)\r\n\(event)\r\n" : event).utf8)
  }

  private func event(_ number: Int) -> String {
    "id: \(number + 1)\ndata: \(prefix)\(messages[number])\n\n"
  }

  private func frame(_ number: Int) -> [UInt8] { framed(event(number)) }

  private func post(_ exchange: HTTPExchange) {
    let body = String(decoding: exchange.request.body, as: UTF8.self)
    messages.append(String(body.dropFirst("message=".count).prefix { $0 != "&" }))
    let room = body.firstRange(of: "&room=").map { String(body[$0.upperBound...]) } ?? ""
    rooms.append(room)
    let number = messages.count - 1
    switch fault {
    case .neverAnswersPosts, .fallsSilent(at: number): return unanswered.append(exchange)
    case .refusesPosts(let status): return exchange.respond(HTTPResponse(status))
    case .deliversNothing: return exchange.respond(HTTPResponse(.noContent))
    case .dies(at: number): return loop.stop()
    case .stalls(at: number, let milliseconds): usleep(milliseconds * 1000)  // The fault itself.
    case .endsAStream(at: number):
      if let token = listeners.keys.min() { close(token) }
    case .refusesReturns(at: number):
      for token in listeners.keys { close(token) }
    default: break
    }
    let last = listeners.keys.max()
    for token in receivers(of: number) {
      let isGap = token == last && fault == .gapsToTheLast(at: number)
      deliver(
        isGap ? framed("event: gap\ndata: {}\n\n") : frame(number), to: token,
        isTrial: number < trials)
    }
    exchange.respond(HTTPResponse(.noContent))
  }

  /// Who is sent a message, in this order.
  private func receivers(of number: Int) -> [UInt64] {
    let room = rooms[number]
    let followers = listeners.keys.filter { listeners[$0]?.follows(room) == true }.sorted()
    guard followers.count == 1, let owner = followers.first, number >= trials,
      let other = listeners.keys.sorted().first(where: { $0 != owner })
    else { return followers }
    ownMessages += 1
    switch fault {
    case .misleadsEvery(let every) where ownMessages % every == 0: return [other]
    case .leaksEvery(let every) where ownMessages % every == 0: return [owner, other]
    case .delaysOwnEvery(let every) where ownMessages % every == 0:
      listeners[owner]?.held = frame(number)
      return []
    default: return followers
    }
  }

  /// The rooms that a request for a stream names; nil for none.
  private func rooms(of target: String) -> [String]? {
    let fields = target.split(separator: "?").dropFirst().first?.split(separator: "&") ?? []
    let names = fields.filter { $0.hasPrefix("room=") }.map { String($0.dropFirst(5)) }
    guard !names.isEmpty else { return nil }
    return fault == .followsOneRoom ? [names[0]] : names
  }

  private func deliver(_ frame: [UInt8], to token: UInt64, isTrial: Bool) {
    guard let listener = listeners[token] else { return }
    guard !listener.skipsOne else {
      listeners[token]?.skipsOne = false
      return
    }
    var bytes = frame
    if !isTrial {
      deliveries += 1
      switch fault {
      case .dropsEvery(let every) where deliveries % every == 0: return
      case .doublesEvery(let every) where deliveries % every == 0: bytes += frame
      case .swapsEvery(let every) where deliveries % every == 0:
        listeners[token]?.held = frame
        return
      case .corruptsEvery(let every) where deliveries % every == 0:
        // Another byte of the message each time, its first and its last ones too.
        let start = frame.count - (isChunked ? 4 : 2) - 100
        bytes[start + deliveries / every * 7 % 100] ^= 1
      case .altersIDs(let every) where deliveries % every == 0:
        bytes = framed(event(messages.count - 1).replacing("id: ", with: "id: 9"))
      case .altersTypes(let every) where deliveries % every == 0:
        bytes = framed("event: messagf\n" + event(messages.count - 1))
      case .altersFields(let every) where deliveries % every == 0:
        bytes = framed(event(messages.count - 1).replacing("data: ", with: "dbta: "))
      case .pings: bytes += framed("event: ping\ndata: {}\n\n")
      default: break
      }
      if let held = listener.held {
        bytes += held
        listeners[token]?.held = nil
      }
    }
    _ = streams?.write(bytes.span, to: listener.socket)
  }
}
