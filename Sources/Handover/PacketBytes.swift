/// Writes the fields of a packet, one after the other.
struct PacketWriter {
  private(set) var bytes: [UInt8] = []

  /// Eight bytes, big endian.
  mutating func write(_ number: UInt64) {
    for shift in stride(from: 56, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
    }
  }

  /// Whole nanoseconds.
  mutating func write(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    write(UInt64(bitPattern: seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000))
  }

  /// Their number, and they.
  mutating func write(_ field: [UInt8]) {
    write(UInt64(field.count))
    bytes.append(contentsOf: field)
  }

  mutating func write(_ text: String) {
    write(UInt64(text.utf8.count))
    bytes.append(contentsOf: text.utf8)
  }

  /// Whether there is one, and it.
  mutating func write(_ text: String?) {
    write(UInt64(text == nil ? 0 : 1))
    if let text { write(text) }
  }
}

/// Reads the fields of a packet in their order; throws where there is another field, or none.
struct PacketReader {
  struct Malformed: Error {}

  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { rest = bytes[...] }

  mutating func number() throws(Malformed) -> UInt64 {
    guard rest.count >= 8 else { throw Malformed() }
    defer { rest = rest.dropFirst(8) }
    return rest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  mutating func duration() throws(Malformed) -> Duration {
    .nanoseconds(Int64(bitPattern: try number()))
  }

  mutating func bytes() throws(Malformed) -> [UInt8] {
    let count = try number()
    guard count <= UInt64(rest.count) else { throw Malformed() }
    defer { rest = rest.dropFirst(Int(count)) }
    return Array(rest.prefix(Int(count)))
  }

  mutating func text() throws(Malformed) -> String {
    guard let text = String(validating: try bytes(), as: UTF8.self) else { throw Malformed() }
    return text
  }

  mutating func optionalText() throws(Malformed) -> String? { try number() == 0 ? nil : try text() }

  /// What `make` makes of a text.
  mutating func value<Value>(_ make: (String) -> Value?) throws(Malformed) -> Value {
    guard let value = make(try text()) else { throw Malformed() }
    return value
  }

  /// There is nothing more.
  func finish() throws(Malformed) { if !rest.isEmpty { throw Malformed() } }
}
