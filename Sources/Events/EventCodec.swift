/// An event as bytes, wherever it goes: Redis, a successor, the history that is kept. One event has one encoding.
///
///     version (1 byte)
///     flags (1 byte): what follows of the optional fields, private, chat
///     time (8 bytes, big endian, ms since 1970)
///     topics: their number, and each: its kind (1 byte) and its name
///     type, id, retry (in ms), sender's name, sender's id, key's scope, key: those that the flags say
///     data
///
/// A text is its length and that many bytes of UTF-8. A length, and a number, has 7 bits a byte, the lowest first;
/// the highest bit says that another byte follows (LEB128), as few as will do.
extension Event {
  /// Of the layout. What reads another must know it.
  static let version: UInt8 = 1
  /// Topics of one event.
  package static let maximumTopics = 1000

  private struct Flags: OptionSet {
    let rawValue: UInt8
    static let type = Flags(rawValue: 1 << 0)
    static let id = Flags(rawValue: 1 << 1)
    static let retry = Flags(rawValue: 1 << 2)
    static let sender = Flags(rawValue: 1 << 3)
    static let senderID = Flags(rawValue: 1 << 4)
    static let key = Flags(rawValue: 1 << 5)
    static let isPrivate = Flags(rawValue: 1 << 6)
    static let isChat = Flags(rawValue: 1 << 7)
  }

  private var flags: Flags {
    var flags: Flags = []
    if type != nil { flags.insert(.type) }
    if id != nil { flags.insert(.id) }
    if retry != nil { flags.insert(.retry) }
    if sender != nil { flags.insert(.sender) }
    if sender?.id != nil { flags.insert(.senderID) }
    if key != nil { flags.insert(.key) }
    if isPrivate { flags.insert(.isPrivate) }
    if isChat { flags.insert(.isChat) }
    return flags
  }

  /// Appends its bytes.
  ///
  /// Traps on an event without a topic, or with more than `maximumTopics`.
  package func encode(into bytes: inout [UInt8]) {
    encodeHead(into: &bytes)
    bytes.append(text: data)
  }

  /// Appends all but the data, for who has that elsewhere.
  package func encodeHead(into bytes: inout [UInt8]) {
    precondition(1...Self.maximumTopics ~= topics.count, "an event has 1 to 1000 topics")
    bytes.append(Self.version)
    bytes.append(flags.rawValue)
    for shift in stride(from: 56, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: time.milliseconds >> UInt64(shift)))
    }
    bytes.append(variable: UInt64(topics.count))
    for topic in topics {
      switch topic {
      case .room(let name):
        bytes.append(0)
        bytes.append(text: name.text)
      case .topic(let name):
        bytes.append(1)
        bytes.append(text: name.text)
      }
    }
    if let type { bytes.append(text: type) }
    if let id { bytes.append(text: id.text) }
    if let retry { bytes.append(variable: UInt64(max(0, retry / .milliseconds(1)))) }
    if let sender {
      bytes.append(text: sender.name)
      if let id = sender.id { bytes.append(text: id.text) }
    }
    if let key {
      bytes.append(text: keyScope?.text ?? "")
      bytes.append(text: key)
    }
  }

  /// Its bytes.
  package var encoded: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(64 + data.utf8.count)
    encode(into: &bytes)
    return bytes
  }

  /// Fails unless `bytes` are exactly what `encode` gives for an event.
  package init?(encoded bytes: ArraySlice<UInt8>) {
    var reader = EventReader(bytes)
    self.init(reader: &reader)
    guard let data = reader.text(), reader.isAtEnd else { return nil }
    self.data = data
  }

  /// The same of what `encodeHead` gives, and the data's UTF-8.
  package init?(head: ArraySlice<UInt8>, data: ArraySlice<UInt8>) {
    var reader = EventReader(head)
    self.init(reader: &reader)
    guard reader.isAtEnd, let data = String(validating: data, as: UTF8.self) else { return nil }
    self.data = data
  }

  /// All but the data.
  private init?(reader: inout EventReader) {
    guard reader.byte() == Self.version, let raw = reader.byte(), let time = reader.fixed() else {
      return nil
    }
    let flags = Flags(rawValue: raw)
    guard let topics = Self.topics(&reader), let first = topics.first else { return nil }
    self.init(first, "", time: EventTime(milliseconds: time), isChat: flags.contains(.isChat))
    self.topics = topics
    isPrivate = flags.contains(.isPrivate)
    if flags.contains(.type) {
      guard let text = reader.text() else { return nil }
      type = text
    }
    if flags.contains(.id) {
      guard let id = reader.text().flatMap({ PublisherID($0) }) else { return nil }
      self.id = id
    }
    if flags.contains(.retry) {
      // What is beyond would not be written as it was read: durations are divided as `Double`.
      guard let number = reader.variable(), number <= 1 << 53 else { return nil }
      retry = .milliseconds(Int64(number))
    }
    guard readSender(flags, &reader) else { return nil }
    if flags.contains(.key) {
      guard let scope = reader.text(), let text = reader.text() else { return nil }
      keyScope = KeyScope(encoded: scope)
      key = text
    }
  }

  private static func topics(_ reader: inout EventReader) -> [Topic]? {
    guard let count = reader.variable(), 1...UInt64(maximumTopics) ~= count else { return nil }
    var topics: [Topic] = []
    for _ in 0..<count {
      guard let kind = reader.byte(), let text = reader.text() else { return nil }
      let topic: Topic? =
        switch kind {
        case 0: RoomName(text).map(Topic.room)
        case 1: TopicName(text).map(Topic.topic)
        default: nil
        }
      guard let topic else { return nil }
      topics.append(topic)
    }
    return topics
  }

  private mutating func readSender(_ flags: Flags, _ reader: inout EventReader) -> Bool {
    guard flags.contains(.sender) else { return !flags.contains(.senderID) }
    guard let name = reader.text() else { return false }
    var sender = Sender(name: name)
    if flags.contains(.senderID) {
      guard let id = reader.text().flatMap({ SenderID($0) }) else { return false }
      sender.id = id
    }
    self.sender = sender
    return true
  }
}

/// Takes an event's fields off its bytes; nil where there is another, or none.
private struct EventReader {
  private let bytes: ArraySlice<UInt8>
  private var place: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    place = bytes.startIndex
  }

  var isAtEnd: Bool { place == bytes.endIndex }

  mutating func byte() -> UInt8? {
    guard place < bytes.endIndex else { return nil }
    defer { place += 1 }
    return bytes[place]
  }

  mutating func fixed() -> UInt64? {
    guard bytes.endIndex - place >= 8 else { return nil }
    defer { place += 8 }
    return bytes[place..<place + 8].reduce(0) { $0 << 8 | UInt64($1) }
  }

  mutating func variable() -> UInt64? {
    var number: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard let byte = byte() else { return nil }
      // The tenth byte has one bit.
      guard shift < 63 || byte <= 1 else { return nil }
      number |= UInt64(byte & 0x7F) << shift
      // A zero at the end is a byte too many.
      if byte & 0x80 == 0 { return byte > 0 || shift == 0 ? number : nil }
    }
    return nil
  }

  mutating func text() -> String? {
    guard let count = variable(), count <= UInt64(bytes.endIndex - place) else { return nil }
    defer { place += Int(count) }
    return String(validating: bytes[place..<place + Int(count)], as: UTF8.self)
  }
}

extension [UInt8] {
  fileprivate mutating func append(variable number: UInt64) {
    var rest = number
    while rest > 0x7F {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }

  fileprivate mutating func append(text: String) {
    append(variable: UInt64(text.utf8.count))
    append(contentsOf: text.utf8)
  }
}
