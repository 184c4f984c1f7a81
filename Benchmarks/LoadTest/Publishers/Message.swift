internal import TextCoding

/// One message that a load publishes: it says by itself which one it is, when it was due, and
/// whether it came whole.
///
/// As text it is `bb.RUN.LANE.NUMBER.DUE.SENT.SUM.FILL`, of `[0-9A-Za-z_.-]` only, so that it needs
/// no escaping in a form, in JSON, or in a line of an event stream. Its numbers have 6 bits to a
/// character, the most significant first.
package struct Message: Hashable, Sendable {
  /// Which run of the load tester published it, 0 ..< 2^36.
  package var run: UInt64
  /// A publisher's messages to a room, 0 ..< `laneLimit`: they are published one after the other, so their
  /// order is known.
  package var lane: Int
  /// Which one of its lane, from 0, below 2^30.
  package var number: Int
  /// When it was to be published by the schedule, in nanoseconds of `MonotonicClock`.
  package var due: UInt64
  /// When it was published.
  package var sent: UInt64

  package init(run: UInt64, lane: Int, number: Int, due: UInt64, sent: UInt64) {
    self.run = run
    self.lane = lane
    self.number = number
    self.due = due
    self.sent = sent
  }

  /// How runs are told apart: 36 random bits.
  package static func randomRun(using generator: inout some RandomNumberGenerator) -> UInt64 {
    UInt64.random(in: 0..<1 << 36, using: &generator)
  }

  /// One more than the greatest lane.
  package static let laneLimit = 1 << 18
  /// Bytes of the shortest text.
  package static let minimumSize = 51
  /// How many characters each number has, in their order; the checksum comes last.
  private static let widths = [6, 3, 5, 10, 10, 8]
  /// Where the checksum stands.
  private static let sumRange = 42..<50
  private static let marker = Array("bb.".utf8)
  private static let alphabet = Array(
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz-".utf8)
  /// By byte: its place in the alphabet, or -1.
  private static let values: [Int8] = {
    var values = [Int8](repeating: -1, count: 256)
    for (value, byte) in alphabet.enumerated() { values[Int(byte)] = Int8(value) }
    return values
  }()

  // MARK: Writing

  /// The text, `size` bytes long; what is left after the numbers is filled with letters that differ
  /// from message to message.
  package func text(size: Int) -> [UInt8] {
    precondition(size >= Self.minimumSize)
    var text = Self.marker
    text.reserveCapacity(size)
    let numbers = [run, UInt64(lane), UInt64(number), due, sent, 0]
    for (number, width) in zip(numbers, Self.widths) {
      for place in (0..<width).reversed() {
        text.append(Self.alphabet[Int(number >> (6 * UInt64(place)) & 63)])
      }
      text.append(UInt8(ascii: "."))
    }
    var random = run ^ UInt64(lane) << 40 ^ UInt64(number) << 8 | 1
    while text.count < size {
      random ^= random << 13
      random ^= random >> 7
      random ^= random << 17
      text.append(Self.alphabet[Int(random >> 58)])
    }
    let sum = Self.checksum(text[...])
    for (place, index) in Self.sumRange.enumerated() {
      text[index] = Self.alphabet[Int(sum >> (6 * UInt64(7 - place)) & 63)]
    }
    return text
  }

  /// FNV-1a over everything but the checksum itself, folded to 48 bits.
  private static func checksum(_ text: ArraySlice<UInt8>) -> UInt64 {
    var sum: UInt64 = 0xCBF2_9CE4_8422_2325
    let skipped = text.startIndex + sumRange.lowerBound..<text.startIndex + sumRange.upperBound
    for index in text.indices where !skipped.contains(index) {
      sum = (sum ^ UInt64(text[index])) &* 0x100_0000_01B3
    }
    return (sum ^ sum >> 48) & 0xFFFF_FFFF_FFFF
  }

  // MARK: Reading

  /// What a listener was sent, as far as it is a message.
  package enum Reading: Equatable, Sendable {
    /// A whole one, and what the server put around it.
    case message(Message, around: TextShape)
    /// None, or one that was altered.
    case damaged
  }

  /// How many places in a text are looked at that could begin a message: what a server puts around one
  /// has none of them, and a text made of them must not take for ever.
  private static let maximumPlaces = 16

  /// Finds the message in the text of an event.
  package static func read(_ text: [UInt8]) -> Reading {
    var start = 0
    var places = 0
    while start + minimumSize <= text.count, places < maximumPlaces {
      if text[start] == marker[0], text[start + 1] == marker[1], text[start + 2] == marker[2] {
        places += 1
        var end = start
        while end < text.count, isOurs(text[end]) { end += 1 }
        if let message = parse(text[start..<end]) {
          return .message(message, around: TextShape(before: text[..<start], after: text[end...]))
        }
      }
      start += 1
    }
    return .damaged
  }

  private static func isOurs(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ".") || values[Int(byte)] >= 0
  }

  private static func parse(_ text: ArraySlice<UInt8>) -> Message? {
    guard text.count >= minimumSize else { return nil }
    var numbers: [UInt64] = []
    var index = text.startIndex + marker.count
    for width in widths {
      var number: UInt64 = 0
      for _ in 0..<width {
        let value = values[Int(text[index])]
        guard value >= 0 else { return nil }
        number = number << 6 | UInt64(value)
        index += 1
      }
      guard text[index] == UInt8(ascii: ".") else { return nil }
      index += 1
      numbers.append(number)
    }
    guard numbers[5] == checksum(text) else { return nil }
    return Message(
      run: numbers[0], lane: Int(numbers[1]), number: Int(numbers[2]), due: numbers[3],
      sent: numbers[4])
  }
}

/// What a server puts around every message, such as `[12:30:59] anonymous: `, its digits left out:
/// so it is the same for all messages, and a difference is damage.
package struct TextShape: Hashable, Sendable, Codable {
  package let before: String
  package let after: String

  package init(before: some Sequence<UInt8>, after: some Sequence<UInt8>) {
    self.before = Self.withoutDigits(before)
    self.after = Self.withoutDigits(after)
  }

  /// Each run of digits becomes one `#`.
  private static func withoutDigits(_ text: some Sequence<UInt8>) -> String {
    var shape: [UInt8] = []
    for byte in text {
      if !byte.isDigit {
        shape.append(byte)
      } else if shape.last != UInt8(ascii: "#") {
        shape.append(UInt8(ascii: "#"))
      }
    }
    return String(decoding: shape, as: UTF8.self)
  }
}
