import Foundation
import Reactor

/// A real redis-server on a port and with a directory of its own; ended with the test.
public final class RedisServer {
  /// Where it listens, on 127.0.0.1.
  public var port: UInt16 { reserved.number }
  /// Nobody else gets it while the server is away.
  private let reserved: ReservedPort
  let folder: String
  private let options: [String]
  private var process: ChildProcess?

  /// - Parameter options: as on redis-server's command line: `"--appendonly", "yes"`.
  public init(_ options: String...) throws {
    reserved = try ReservedPort()
    folder = NSTemporaryDirectory() + "belfry-redis-\(UInt64.random(in: 0...UInt64.max))"
    self.options = options
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    try start()
  }

  deinit {
    kill()
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// What a node is told: `--redis` and its value.
  public var url: String { "redis://127.0.0.1:\(port)/3" }
  public var node: [String] { ["--redis", url] }

  public func start(_ more: String...) throws {
    process = try ChildProcess(
      "/usr/bin/redis-server",
      [
        "--port", "\(port)", "--bind", "127.0.0.1", "--dir", folder, "--save", "",
        "--enable-debug-command", "local",
      ] + options + more)
    let isUp = eventually {
      guard let client = try? RedisClient(port: port) else { return false }
      // Until its data is loaded it says LOADING; a password or a refusal will do as well.
      return ((try? client.ask("PING")) ?? "LOADING").contains("LOADING") == false
    }
    guard isUp else { throw Client.Failure(description: "redis-server did not start") }
  }

  /// Ends it as a crash would.
  public func kill() {
    process = nil
  }

  /// Stops it where it is; `signal(SIGCONT)` lets it go on.
  public func signal(_ signal: Int32) {
    process?.send(signal)
  }

  public func client() throws -> RedisClient { try RedisClient(port: port) }
}

/// Talks to Redis as a stranger does.
public final class RedisClient {
  private let client: Client
  private var bytes: [UInt8] = []

  public init(port: UInt16) throws { client = try Client(port: port) }

  /// Sends a command and returns its answer: an error with its `-`, the elements of an array in lines.
  @discardableResult
  public func ask(_ arguments: String...) throws -> String {
    try ask(arguments.map { Array($0.utf8) })
  }

  @discardableResult
  public func ask(_ arguments: [[UInt8]]) throws -> String {
    var command = Array("*\(arguments.count)\r\n".utf8)
    for argument in arguments {
      command += Array("$\(argument.count)\r\n".utf8) + argument + [13, 10]
    }
    try client.send(command)
    return try reply()
  }

  /// The next reply or message.
  public func reply() throws -> String {
    let line = try line()
    let rest = String(line.dropFirst())
    switch line.first {
    case "$":
      guard let count = Int(rest), count >= 0 else { return "" }
      while bytes.count < count + 2 { bytes += try receive() }
      defer { bytes.removeFirst(count + 2) }
      return String(decoding: bytes[..<count], as: UTF8.self)
    case "*":
      return try (0..<max(0, Int(rest) ?? 0)).map { _ in try reply() }.joined(separator: "\n")
    case "-": return line
    default: return rest
    }
  }

  private func line() throws -> String {
    while true {
      if let end = bytes.firstIndex(of: 10) {
        defer { bytes.removeFirst(end + 1) }
        return String(decoding: bytes[..<(end - 1)], as: UTF8.self)
      }
      bytes += try receive()
    }
  }

  private func receive() throws -> [UInt8] {
    let more = try client.receive()
    guard !more.isEmpty else { throw Client.Failure(description: "Redis closed the connection") }
    return more
  }
}

extension RedisServer {
  /// Takes the newest entries off the append-only file of a stopped server, as a crash does that
  /// comes before the disk: what is kept ends after `entries` publishes.
  public func truncate(toEntries entries: Int) throws {
    let append = folder + "/appendonlydir"
    let names = try FileManager.default.contentsOfDirectory(atPath: append)
    guard let name = names.first(where: { $0.hasSuffix(".incr.aof") }) else {
      throw Client.Failure(description: "no append-only file")
    }
    let url = URL(fileURLWithPath: append + "/" + name)
    let bytes = [UInt8](try Data(contentsOf: url))
    // Each publish writes its effects as one transaction.
    let end = Array("*1\r\n$4\r\nEXEC\r\n".utf8)
    var cut = 0
    var found = 0
    for start in bytes.indices.dropLast(end.count - 1)
    where bytes[start..<start + end.count].elementsEqual(end) {
      let before = bytes[cut..<start]
      cut = start + end.count
      if Array(before).firstRange(of: Array("XADD".utf8)) != nil { found += 1 }
      if found == entries { break }
    }
    guard found == entries else {
      throw Client.Failure(description: "\(found) publishes in the file, not \(entries)")
    }
    try Data(bytes[..<cut]).write(to: url)
  }
}
