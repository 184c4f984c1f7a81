package import Events
package import Hub
internal import Reactor

/// What a server and its successor say to each other.
package enum HandoverPacket: Equatable {
  /// The server's first word.
  package struct Hello: Equatable {
    /// Of this enumeration.
    static let currentVersion: UInt64 = 3
    /// That of 0.1.0, whose messages are lines of text.
    static let versionOf010: UInt64 = 2
    /// Those that it understands.
    static let versions = versionOf010...currentVersion
    var version = currentVersion
    /// What each of the sockets handed on is.
    package var sockets: [SocketRole]
    /// The random key that signs sessions; nil when there is a set one.
    package var secret: [UInt8]?
    /// Names what messages go through: of two servers the history is one where this is equal.
    package var backplane: String

    /// Of the current version.
    package init(sockets: [SocketRole] = [], secret: [UInt8]? = nil, backplane: String = "") {
      self.sockets = sockets
      self.secret = secret
      self.backplane = backplane
    }
  }

  /// What a socket is for that one server hands to another.
  package struct SocketRole: OptionSet, Sendable {
    /// As it is sent.
    package let rawValue: UInt8
    /// As it was sent.
    package init(rawValue: UInt8) { self.rawValue = rawValue }
    /// Its path is removed in the end.
    package static let ownsPath = SocketRole(rawValue: 1)
    /// It is the operators'.
    package static let isAdmin = SocketRole(rawValue: 2)
  }

  /// The first packet.
  case hello(Hello)
  /// A piece of the history.
  case history(HistoryRecord)
  /// A key that a message was published under so long ago.
  case key(RecentKeys.Key, number: UInt64, age: Duration)
  /// When a history was written that is kept for later, on `MonotonicClock`.
  case written(at: UInt64)
  /// That was the history.
  case end
  /// Serve.
  case go
  /// Publish what somebody asked the server to; the answer comes under the same number.
  case publish(UInt64, Event)
  /// A message of 0.1.0, of the room before.
  case line(number: UInt64, text: String, age: Duration)
  /// A publish of 0.1.0.
  case publishLine(UInt64, room: RoomName, text: String, name: String?, key: String?)

  /// The successor has everything but the history.
  case ready
  /// It has that too.
  case loaded
  /// It serves from now on.
  case serving
  /// What came of the publish of this number.
  case outcome(UInt64, PublishOutcome)

  private enum Kind: UInt8 {
    case hello = 1
    case start, forgotten, room, line, key, end, go, publishLine, ready, loaded, serving
    case taken, refused, unknown
    case written
    case event, publish
    case forgottenTopic, topic
    case scopedKey
  }
}

// MARK: - Writing

extension HandoverPacket {
  var packet: Packet {
    var writer = PacketWriter()
    let kind = write(to: &writer)
    return Packet(kind: kind.rawValue, bytes: writer.bytes)
  }

  private func write(to writer: inout PacketWriter) -> Kind {
    switch self {
    case .hello(let hello):
      writer.write(hello.version)
      writer.write(hello.sockets.map(\.rawValue))
      writer.write(hello.secret ?? [])
      writer.write(hello.backplane)
      return .hello
    case .history(let record): return Self.write(record, to: &writer)
    case .key(let key, let number, let age):
      writer.write(key.text)
      writer.write(key.room.text)
      if let scope = key.scope { writer.write(scope.text) } else { writer.write(key.name) }
      writer.write(number)
      writer.write(age)
      return key.scope == nil ? .key : .scopedKey
    case .written(let time):
      writer.write(time)
      return .written
    case .end: return .end
    case .go: return .go
    case .publish(let token, let event):
      writer.write(token)
      writer.write(event.encoded)
      return .publish
    case .line(let number, let text, let age):
      writer.write(number)
      writer.write(age)
      writer.write(text)
      return .line
    case .publishLine(let token, let room, let text, let name, let key):
      writer.write(token)
      writer.write(room.text)
      writer.write(text)
      writer.write(name)
      writer.write(key)
      return .publishLine
    case .ready: return .ready
    case .loaded: return .loaded
    case .serving: return .serving
    case .outcome(let token, let outcome):
      writer.write(token)
      return Self.write(outcome, to: &writer)
    }
  }

  private static func write(_ record: HistoryRecord, to writer: inout PacketWriter) -> Kind {
    switch record {
    case .start(let epoch, let newest, let lostThrough):
      writer.write(epoch.text)
      writer.write(newest)
      writer.write(lostThrough)
      return .start
    case .forgotten(let topic, let number):
      let isRoom = write(topic, to: &writer)
      writer.write(number)
      return isRoom ? .forgotten : .forgottenTopic
    case .topic(let topic, let droppedThrough, let unknownThrough):
      let isRoom = write(topic, to: &writer)
      writer.write(droppedThrough)
      writer.write(unknownThrough)
      return isRoom ? .room : .topic
    case .message(let message):
      writer.write(message.number)
      writer.write(message.age)
      writer.write(message.event.encoded)
      return .event
    }
  }

  /// - Returns: whether it is a room.
  private static func write(_ topic: Topic, to writer: inout PacketWriter) -> Bool {
    switch topic {
    case .room(let name):
      writer.write(name.text)
      return true
    case .topic(let name):
      writer.write(name.text)
      return false
    }
  }

  private static func write(_ outcome: PublishOutcome, to writer: inout PacketWriter) -> Kind {
    switch outcome {
    case .taken(let id):
      writer.write(id.description)
      return .taken
    case .refused(let reason):
      writer.write(reason)
      return .refused
    case .limited(let reason, _):
      // What comes from another process counts for no address: it is never refused for one.
      writer.write(reason)
      return .refused
    case .unknown(let reason):
      writer.write(reason)
      return .unknown
    }
  }
}

// MARK: - Reading

extension HandoverPacket {
  init(_ packet: Packet) throws(PacketReader.Malformed) {
    guard let kind = Kind(rawValue: packet.kind) else { throw PacketReader.Malformed() }
    var reader = PacketReader(packet.bytes)
    self = try Self.read(kind, &reader)
    try reader.finish()
  }

  private static func read(
    _ kind: Kind, _ reader: inout PacketReader
  ) throws(PacketReader.Malformed) -> HandoverPacket {
    switch kind {
    case .hello:
      let version = try reader.number()
      let sockets = try reader.bytes().map { SocketRole(rawValue: $0) }
      let secret = try reader.bytes()
      var hello = Hello(
        sockets: sockets, secret: secret.isEmpty ? nil : secret, backplane: try reader.text())
      hello.version = version
      return .hello(hello)
    case .start:
      return .history(
        .start(
          epoch: try reader.value(Epoch.init), newest: try reader.number(),
          lostThrough: try reader.number()))
    case .forgotten, .forgottenTopic:
      let topic = try reader.topic(isRoom: kind == .forgotten)
      return .history(.forgotten(topic, through: try reader.number()))
    case .room, .topic:
      return .history(
        .topic(
          try reader.topic(isRoom: kind == .room), droppedThrough: try reader.number(),
          unknownThrough: try reader.number()))
    case .event:
      let number = try reader.number()
      let age = try reader.duration()
      return .history(
        .message(RoomHistory.Message(number: number, event: try reader.event(), age: age)))
    case .line:
      let number = try reader.number()
      let age = try reader.duration()
      return .line(number: number, text: try reader.text(), age: age)
    case .key:
      let key = RecentKeys.Key(
        text: try reader.text(), room: try reader.value(RoomName.init),
        name: try reader.optionalText())
      return .key(key, number: try reader.number(), age: try reader.duration())
    case .scopedKey:
      let key = RecentKeys.Key(
        text: try reader.text(), room: try reader.value(RoomName.init),
        scope: try reader.value { KeyScope(encoded: $0) })
      return .key(key, number: try reader.number(), age: try reader.duration())
    case .written: return .written(at: try reader.number())
    case .end: return .end
    case .go: return .go
    case .publish: return .publish(try reader.number(), try reader.event())
    case .publishLine:
      return .publishLine(
        try reader.number(), room: try reader.value(RoomName.init), text: try reader.text(),
        name: try reader.optionalText(), key: try reader.optionalText())
    case .ready: return .ready
    case .loaded: return .loaded
    case .serving: return .serving
    case .taken: return .outcome(try reader.number(), .taken(try reader.value { EventID($0) }))
    case .refused: return .outcome(try reader.number(), .refused(reason: try reader.text()))
    case .unknown: return .outcome(try reader.number(), .unknown(reason: try reader.text()))
    }
  }
}

extension PacketReader {
  /// A topic, whose kind is known from elsewhere.
  mutating func topic(isRoom: Bool) throws(Malformed) -> Topic {
    isRoom ? .room(try value(RoomName.init)) : .topic(try value(TopicName.init))
  }

  /// An event.
  mutating func event() throws(Malformed) -> Event {
    let bytes = try bytes()
    guard let event = Event(encoded: bytes[...]) else { throw Malformed() }
    return event
  }
}
