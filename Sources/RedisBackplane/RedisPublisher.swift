internal import Events
internal import Hub
internal import Reactor

/// Hands messages to Redis, and tells their publishers what became of them.
final class RedisPublisher {
  /// Publishes that wait for their answers: what is more is refused, since Redis does not keep up.
  private static let maximumOutstanding = (count: 10_000, bytes: 32 << 20)

  private let names: RedisNames
  private let journal: RedisJournal
  private let format: any EventFormat
  private var outstanding = (count: 0, bytes: 0)
  /// The newest id that a publish was answered with: Redis may not be behind it.
  private(set) var answered: EventID?
  // What is the same in each command of a connection, spelled once: a publish begins without a key or with
  // one, and its settings follow the keys.
  private var opening = RedisCommand.Arguments([])
  private var keyedOpening = RedisCommand.Arguments([])
  private var settings = RedisCommand.Arguments([])
  private var forgetting = RedisCommand.Arguments([])

  /// - Parameter format: of the plain lines.
  init(names: RedisNames, journal: RedisJournal, format: any EventFormat) {
    self.names = names
    self.journal = journal
    self.format = format
  }

  /// The link is up.
  ///
  /// - Parameters:
  ///   - seed: the random end of an epoch that this node begins.
  func connected(
    digests: RedisSession.Digests, run: String, seed: String, history: HubSettings
  ) {
    opening = .init(["EVALSHA", digests[.publish], "3", names.history, names.rooms])
    keyedOpening = .init(["EVALSHA", digests[.publish], "4", names.history, names.rooms])
    forgetting = .init(["EVALSHA", digests[.forget], "2", names.rooms])
    settings = .init([
      seed, run, names.prefix, "\(history.historyCount)",
      "\(Self.milliseconds(history.historyAge))", "\(history.maximumRooms)",
    ])
  }

  /// The number of the newest message of an epoch that was taken from here; 0 if none was.
  func newest(in epoch: Epoch) -> UInt64 {
    answered.flatMap { $0.epoch == epoch ? $0.number : nil } ?? 0
  }

  /// Publishes an event of a room, and says once how that went.
  ///
  /// - Parameter known: the newest id that this node knows.
  func publish(
    _ event: Event, over link: RedisLink?, known: EventID?,
    completion: @escaping (PublishOutcome) -> Void
  ) {
    guard let room = event.room else {
      return completion(.refused(reason: "only events of rooms can be published"))
    }
    guard let link, link.isUp else {
      completion(.refused(reason: "Redis can't be reached; the message was not published"))
      return
    }
    let bytes = event.data.utf8.count
    guard hasRoom(for: bytes) else {
      completion(.refused(reason: "Redis is too slow; the message was not published"))
      return
    }
    outstanding.count += 1
    outstanding.bytes += bytes
    // Held until the answer comes, or the connection is closed and answers nil.
    ask(event, of: room, over: link, known) { [self] outcome in
      outstanding.count -= 1
      outstanding.bytes -= bytes
      completion(outcome)
    }
  }

  /// Has the script take an event; asks once more when it has another history than was named.
  private func ask(
    _ event: Event, of room: RoomName, over link: RedisLink, _ known: EventID?,
    isSecond: Bool = false, completion: @escaping (PublishOutcome) -> Void
  ) {
    link.evaluate(.publish, command(event, of: room, known)) { [self, weak link] reply in
      switch reply.flatMap({ RedisAnswer($0) }) {
      case .taken(let id, let pushedOut):
        journal.published()
        remember(id)
        if let link { for room in pushedOut { forget(room, in: id.epoch, over: link) } }
        completion(.taken(id))
      case .another(let epoch):
        guard let link, link.isUp, !isSecond else {
          return completion(
            .refused(reason: "a new history begins in Redis; the message was not published"))
        }
        let known = EventID(epoch: epoch, number: newest(in: epoch))
        ask(event, of: room, over: link, known, isSecond: true, completion: completion)
      case nil: completion(failure(of: reply))
      }
    }
  }

  /// Has the stream of a room that was pushed out deleted. When that fails it expires by itself.
  private func forget(_ room: RoomName, in epoch: Epoch, over link: RedisLink) {
    var command = RedisCommand(argumentCount: 6, capacity: 256)
    command.append(forgetting)
    command.append(names.stream(of: room, in: epoch))
    command.append(room.text)
    link.evaluate(.forget, command) { _ in }
  }

  private func command(_ event: Event, of room: RoomName, _ known: EventID?) -> RedisCommand {
    let line = names.hasPlainLines ? format.text(of: event) : nil
    let key = names.key(of: event)
    // The constant parts have some 250 bytes.
    var command = RedisCommand(
      argumentCount: 17 + (key == nil ? 0 : 1) + (line == nil ? 0 : 1),
      capacity: 640 + 2 * event.data.utf8.count)
    command.append(key == nil ? opening : keyedOpening)
    command.append(names.stream(of: room, in: known?.epoch))
    if let key { command.append(key) }
    command.append(settings)
    command.append(known?.epoch.text ?? "")
    command.append(String(known?.number ?? 0))
    command.append(room.text)
    command.append(event.encoded)
    command.append(line.map { String(LineHash(of: $0.utf8).rawValue) } ?? "-")
    if let line { command.append(line) }
    return command
  }

  /// Whether a line may be handed on; one alone always may, whatever its length.
  private func hasRoom(for bytes: Int) -> Bool {
    outstanding.count < Self.maximumOutstanding.count
      && (outstanding.count == 0 || outstanding.bytes + bytes <= Self.maximumOutstanding.bytes)
  }

  /// At least one, and no more than Redis takes: ten years.
  private static func milliseconds(_ age: Duration) -> Int64 {
    Int64(max(.milliseconds(1), min(age, .seconds(10 * 365 * 86_400))) / .milliseconds(1))
  }

  private func failure(of reply: RedisReply?) -> PublishOutcome {
    guard case .error(let text)? = reply else {
      return .unknown(
        reason: "Redis did not answer; the message may or may not have been published")
    }
    journal.refused(text)
    let code = reply?.errorCode ?? ""
    guard RedisScripts.refusals.contains(code) else {
      return .unknown(
        reason: "Redis error \(code); the message may or may not have been published")
    }
    return .refused(reason: "Redis refused the message (\(code)); it was not published")
  }

  /// A key may be answered with an id of an earlier epoch: of two the later is greater.
  private func remember(_ id: EventID) {
    if let answered, (answered.epoch.text, answered.number) >= (id.epoch.text, id.number) { return }
    answered = id
  }
}
