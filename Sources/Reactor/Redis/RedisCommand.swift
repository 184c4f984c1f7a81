/// A command in the form in which it goes over the wire: an array of strings in RESP2,
/// https://redis.io/docs/latest/develop/reference/protocol-spec/
///
/// What many commands have in common is put into this form once, as `Arguments`.
package struct RedisCommand {
  /// Arguments that follow each other.
  package struct Arguments {
    fileprivate let count: Int
    fileprivate let bytes: [UInt8]

    package init(_ texts: [String]) {
      count = texts.count
      bytes = texts.reduce(into: []) { $0.append(argument: $1) }
    }
  }

  /// When none is missing, a zero ends them that isn't sent: hiredis takes a command of its own making
  /// for a C string, and reads on after the last argument of a `SUBSCRIBE`.
  private(set) var bytes: [UInt8] = []
  /// How many arguments are still to be appended before it may be sent.
  private(set) var missing: Int

  /// - Parameters:
  ///   - argumentCount: the command's name counts as well.
  ///   - capacity: bytes that it most likely has.
  package init(argumentCount: Int, capacity: Int) {
    missing = argumentCount
    bytes.reserveCapacity(capacity)
    bytes.append(UInt8(ascii: "*"), number: argumentCount)
  }

  /// A whole command, its name first.
  package init(_ texts: [String]) {
    self.init(argumentCount: texts.count, capacity: 256)
    for text in texts { append(text) }
  }

  package mutating func append(_ text: String) {
    bytes.append(argument: text)
    appended(1)
  }

  /// An argument of any bytes.
  package mutating func append(_ argument: [UInt8]) {
    bytes.append(argument: argument)
    appended(1)
  }

  package mutating func append(_ arguments: Arguments) {
    bytes.append(contentsOf: arguments.bytes)
    appended(arguments.count)
  }

  private mutating func appended(_ count: Int) {
    guard count > 0 else { return }
    missing -= count
    if missing == 0 { bytes.append(0) }
  }
}

extension [UInt8] {
  /// `$`, the length, the text.
  fileprivate mutating func append(argument: String) { append(argument: argument.utf8) }

  fileprivate mutating func append(argument: some Collection<UInt8>) {
    append(UInt8(ascii: "$"), number: argument.count)
    append(contentsOf: argument)
    append(13)
    append(10)
  }

  /// A line of one character and a number.
  fileprivate mutating func append(_ kind: UInt8, number: Int) {
    append(kind)
    var unit = 1
    while number / unit >= 10 { unit *= 10 }
    while unit > 0 {
      append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / unit % 10))
      unit /= 10
    }
    append(13)
    append(10)
  }
}
