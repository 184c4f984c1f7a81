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
  // What each publish begins with, spelled once for each connection: without a key and with one, and
  // what follows either.
  private var opening = RedisCommand.Arguments([])
  private var keyedOpening = RedisCommand.Arguments([])
  private var settings = RedisCommand.Arguments([])

  /// - Parameter format: of the plain lines.
  init(names: RedisNames, journal: RedisJournal, format: any EventFormat) {
    self.names = names
    self.journal = journal
    self.format = format
  }

  /// The link is up.
  ///
  /// - Parameters:
  ///   - digest: the script's.
  ///   - seed: the random end of an epoch that this node begins.
  func connected(digest: String, run: String, seed: String, history: HubSettings) {
    opening = .init(["EVALSHA", digest, "2", names.history, names.rooms])
    keyedOpening = .init(["EVALSHA", digest, "3", names.history, names.rooms])
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
    link.evaluate(.publish, command(event, of: room, known)) { [self] reply in
      outstanding.count -= 1
      outstanding.bytes -= bytes
      completion(outcome(of: reply))
    }
  }

  private func command(_ event: Event, of room: RoomName, _ known: EventID?) -> RedisCommand {
    let line = format.text(of: event)
    // The constant parts have some 250 bytes.
    var command = RedisCommand(
      argumentCount: event.key == nil ? 17 : 18, capacity: 640 + 2 * line.utf8.count)
    if let key = event.key {
      command.append(keyedOpening)
      command.append(names.key(key, room: room, name: event.sender?.name))
    } else {
      command.append(opening)
    }
    command.append(settings)
    command.append(known?.epoch.text ?? "")
    command.append(String(known?.number ?? 0))
    command.append(room.text)
    command.append(event.encoded)
    command.append(line)
    command.append(String(LineHash(of: line.utf8).rawValue))
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

  private func outcome(of reply: RedisReply?) -> PublishOutcome {
    switch reply {
    case .string(let bytes):
      guard let id = EventID(utf8: bytes[...]) else { break }
      journal.published()
      remember(id)
      return .taken(id)
    case .error(let text):
      journal.refused(text)
      let code = reply?.errorCode ?? ""
      guard RedisScripts.refusals.contains(code) else {
        return .unknown(
          reason: "Redis error \(code); the message may or may not have been published")
      }
      return .refused(reason: "Redis refused the message (\(code)); it was not published")
    default: break
    }
    return .unknown(
      reason: "Redis did not answer; the message may or may not have been published")
  }

  /// A key may be answered with an id of an earlier epoch: of two the later is greater.
  private func remember(_ id: EventID) {
    if let answered, (answered.epoch.text, answered.number) >= (id.epoch.text, id.number) { return }
    answered = id
  }
}
