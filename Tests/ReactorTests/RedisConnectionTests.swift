import Glibc
import TestSupport
import Testing

@testable import Reactor

/// A connection against a Redis that says exactly the bytes it is told to.
@Suite struct RedisConnectionTests {
  /// What happened to the connection, in words.
  final class Record {
    var occurrences: [String] = []
    var replies: [RedisReply?] = []
  }

  private func note(_ occurrence: RedisConnection.Occurrence, in record: Record) {
    func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
    switch occurrence {
    case .connected: record.occurrences.append("connected")
    case .lost: record.occurrences.append("lost")
    case .subscribed(let number): record.occurrences.append("subscribed \(number)")
    case .message(let number, let payload):
      record.occurrences.append("\(number): \(text(payload))")
    }
  }

  /// Turns the loop until `condition` holds.
  private func run(_ loop: EventLoop, until condition: @escaping () -> Bool) throws {
    let end = ContinuousClock.now + .seconds(Client.patience)
    let ticker = try LoopEvent(on: loop, every: .milliseconds(1)) {
      if condition() || ContinuousClock.now > end { loop.stop() }
    }
    loop.run { false }
    withExtendedLifetime(ticker) {}
    #expect(condition())
  }

  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  /// Connects, sends some commands, lets the peer answer, and sees what came of it.
  private func talk(
    _ commands: [[String]], answered answer: String, ends: Bool = false,
    subscribing channels: [String] = [], until condition: @escaping (Record) -> Bool
  ) throws -> (Record, asked: String) {
    let peer = try Peer()
    let loop = try EventLoop()
    let record = Record()
    let connection = try RedisConnection(on: loop, to: .tcp(host: "127.0.0.1", port: peer.port)) {
      note($0, in: record)
    }
    try run(loop) { record.occurrences == ["connected"] }
    for command in commands {
      connection.send(RedisCommand(command)) { record.replies.append($0) }
    }
    for (place, channel) in channels.enumerated() { connection.subscribe(channel, number: place) }
    try run(loop) { peer.hasReceived }
    peer.send(answer)
    if ends { peer.end() }
    try run(loop) { condition(record) }
    connection.close()
    // Closing twice, and using it afterwards, is harmless.
    connection.close()
    connection.send(RedisCommand(["PING"])) { #expect($0 == nil) }
    return (record, peer.received)
  }

  @Test func `commands of a turn go out together, and answers come in their order`() throws {
    let (record, asked) = try talk(
      [["PING"], ["GET", ""], ["EVAL", "x\r\ny", "0"], ["KEYS", "*"], ["INCR", "n"]],
      answered: "+PONG\r\n$-1\r\n-ERR no: x\r\n*2\r\n$1\r\na\r\n*1\r\n:-5\r\n:7\r\n"
    ) { $0.replies.count == 5 }
    #expect(
      asked == "*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$0\r\n\r\n"
        + "*3\r\n$4\r\nEVAL\r\n$4\r\nx\r\ny\r\n$1\r\n0\r\n*2\r\n$4\r\nKEYS\r\n$1\r\n*\r\n"
        + "*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n")
    #expect(
      record.replies == [
        .string(bytes("PONG")), .null, .error("ERR no: x"),
        .array([.string(bytes("a")), .array([.integer(-5)])]), .integer(7),
      ])
    #expect(record.replies[2]?.errorCode == "ERR")
    #expect(record.replies[4]?.number == 7 && record.replies[0]?.number == nil)
  }

  @Test func `an answer cut at any byte is none, and every command hears of it once`() throws {
    let answer = "+PONG\r\n*1\r\n$3\r\nabc\r\n"
    for cut in 0..<answer.utf8.count {
      let (record, _) = try talk(
        [["PING"], ["LRANGE", "l", "0", "1"], ["PING"]],
        answered: String(decoding: answer.utf8.prefix(cut), as: UTF8.self), ends: true
      ) { $0.occurrences.last == "lost" }
      #expect(record.occurrences == ["connected", "lost"])
      #expect(record.replies.count == 3)
      let whole: [RedisReply?] = cut >= 7 ? [.string(bytes("PONG"))] : []
      #expect(record.replies == whole + Array(repeating: nil, count: 3 - whole.count))
    }
  }

  @Test func `what is no answer at all ends the connection`() throws {
    for answer in ["hello\r\n", "*-7\r\n", "$99999999999\r\n", "+PONG\r\n-ERR nobody asked\r\n"] {
      let (record, _) = try talk([["PING"]], answered: answer, ends: true) {
        $0.occurrences.last == "lost"
      }
      #expect(record.occurrences == ["connected", "lost"])
    }
  }

  @Test func `a command of prepared arguments is the same bytes`() {
    let texts = ["SET", "", "ä\r\n", String(repeating: "x", count: 1234)]
    var command = RedisCommand(argumentCount: 5, capacity: 1)
    command.append(RedisCommand.Arguments(Array(texts.prefix(2))))
    command.append(texts[2])
    #expect(command.missing == 2)
    command.append(RedisCommand.Arguments([]))
    command.append(RedisCommand.Arguments([texts[3], "0"]))
    #expect(command.missing == 0)
    let expected =
      "*5\r\n$3\r\nSET\r\n$0\r\n\r\n$4\r\nä\r\n\r\n$1234\r\n\(texts[3])\r\n$1\r\n0\r\n"
    #expect(command.bytes == bytes(expected) + [0])
    #expect(RedisCommand(texts + ["0"]).bytes == command.bytes)
    #expect(RedisCommand(Array(repeating: "", count: 10)).bytes.prefix(5) == bytes("*10\r\n")[...])
  }

  @Test func `what is no message is not taken for one`() throws {
    // Kinds and shapes that Redis does not send on a subscribed channel, and one message at last.
    let (record, _) = try talk(
      [],
      answered: ["$9\r\nsubscribe", "$7\r\nmessagE", "$7\r\nmessage"].map {
        "*3\r\n\($0)\r\n$1\r\na\r\n:1\r\n"
      }.joined() + "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n",
      subscribing: ["a"]
    ) { $0.occurrences.count >= 3 }
    #expect(record.occurrences == ["connected", "subscribed 0", "0: hi"])
  }

  @Test func `a subscriber hears its channels`() throws {
    func push(_ kind: String, _ channel: String, _ last: String) -> String {
      "*3\r\n$\(kind.utf8.count)\r\n\(kind)\r\n$\(channel.utf8.count)\r\n\(channel)\r\n\(last)\r\n"
    }
    let (record, asked) = try talk(
      [["AUTH", "x"]],
      answered: "+OK\r\n" + push("subscribe", "a", ":1") + push("subscribe", "b", ":2")
        + push("message", "b", "$0\r\n") + push("message", "a", "$3\r\nx\r\n"), ends: true,
      subscribing: ["a", "b"]
    ) { $0.occurrences.last == "lost" }
    let subscribe = "*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\n"
    #expect(asked.hasSuffix(subscribe + "a\r\n" + subscribe + "b\r\n"))
    #expect(
      record.occurrences == [
        "connected", "subscribed 0", "subscribed 1", "1: ", "0: x\r\n", "lost",
      ])
    #expect(record.replies == [.string(bytes("OK"))])
  }

  @Test func `it may be closed in the midst of anything that it says`() throws {
    for moment in ["connected", "reply", "message", "lost", "later"] {
      let peer = try Peer()
      let loop = try EventLoop()
      var connection: RedisConnection?
      var heard: [String] = []
      func hear(_ what: String) {
        heard.append(what)
        guard what == moment else { return }
        connection?.close()
        connection = nil
        loop.stop()
      }
      connection = try RedisConnection(on: loop, to: .tcp(host: "127.0.0.1", port: peer.port)) {
        switch $0 {
        case .connected:
          hear("connected")
          connection?.send(RedisCommand(["PING"])) { _ in hear("reply") }
          connection?.subscribe("a", number: 1)
        case .message: hear("message")
        case .lost: hear("lost")
        case .subscribed: break
        }
      }
      let driver = try LoopEvent(on: loop, every: .milliseconds(1)) {
        if moment == "later", heard.last == "lost" { return loop.stop() }
        guard peer.hasReceived else { return }
        peer.send(
          "+PONG\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$7\r\nmessage\r\n$1\r\na\r\n"
            + "$1\r\nx\r\n*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\ny\r\n")
        peer.end()
      }
      let bound = try LoopEvent(on: loop, after: .seconds(Client.patience)) { loop.stop() }
      loop.run { false }
      withExtendedLifetime((driver, bound)) {}
      #expect(heard.last == (moment == "later" ? "lost" : moment), "\(moment): \(heard)")
      connection?.close()
    }
  }

  @Test func `where nobody listens it is lost, with a reason`() throws {
    let loop = try EventLoop()
    let port = try ReservedPort()
    let record = Record()
    let connection = try RedisConnection(on: loop, to: .tcp(host: "127.0.0.1", port: port.number)) {
      if case .lost(let reason) = $0 { #expect(reason.contains("refused")) }
      note($0, in: record)
    }
    connection.send(RedisCommand(["PING"])) { record.replies.append($0) }
    try run(loop) { record.occurrences == ["lost"] }
    #expect(record.replies == [nil])
    connection.close()
    withExtendedLifetime(port) {}
    #expect(throws: ReactorError.self) {
      try RedisConnection(on: loop, to: .unix(path: "/nonexistent")) { _ in }
    }
  }

  @Test func `names of the hosts file are resolved without asking anybody`() throws {
    let loop = try EventLoop()
    let resolver = try NameResolver(on: loop)
    var addresses: [String] = []
    resolver.resolve("localhost") { result in
      addresses = (try? result.get()) ?? []
      loop.stop()
    }
    let bound = try LoopEvent(on: loop, after: .seconds(Client.patience)) { loop.stop() }
    if addresses.isEmpty { loop.run { false } }
    withExtendedLifetime(bound) {}
    #expect(addresses.contains("127.0.0.1") || addresses.contains("::1"))
  }
}

/// The other end of one connection.
private final class Peer {
  let port: UInt16
  private let listener: Int32
  private var connection: Int32 = -1
  private var bytes: [UInt8] = []

  init() throws {
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
    port = try Self.bind(listener)
    guard listen(listener, 8) == 0 else { throw Client.Failure(description: "listen") }
  }

  deinit {
    end()
    close(listener)
  }

  private static func bind(_ descriptor: Int32) throws -> UInt16 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    unsafe inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe Glibc.bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
      }
    }
    guard status else { throw Client.Failure(description: "bind") }
    return UInt16(bigEndian: address.sin_port)
  }

  /// Whether a first command has come; takes what has.
  var hasReceived: Bool {
    if connection < 0 { connection = accept(listener, nil, nil) }
    guard connection >= 0 else { return false }
    var block = [UInt8](repeating: 0, count: 4096)
    let count = unsafe recv(connection, &block, block.count, Int32(MSG_DONTWAIT))
    if count > 0 { bytes += block[..<count] }
    return !bytes.isEmpty
  }

  var received: String { String(decoding: bytes, as: UTF8.self) }

  func send(_ text: String) {
    let bytes = Array(text.utf8)
    _ = unsafe Glibc.send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }

  func end() {
    if connection >= 0 { close(connection) }
    connection = -1
  }
}
