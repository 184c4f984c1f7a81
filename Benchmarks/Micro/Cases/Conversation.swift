internal import BelfryServer
internal import Logging
internal import Reactor
internal import TestSupport

/// A whole server on a thread of its own, and one connection to it that asks when it was answered.
final class Conversation {
  private let loop: EventLoop
  /// Set once, in `init`.
  private var clients: ClientSet?
  private let thread: RunningThread
  private let shared: Shared
  /// What is asked, how often still, and what each answer begins with.
  private var request: [UInt8] = []
  private var remaining = 0
  private var start: [UInt8] = []
  /// What has come of the present answer, and how long that is; nil until it is known.
  private var answer: [UInt8] = []
  private var length: Int?
  private var failure: Failure?

  /// Unchecked: written before the address is told, read after, and used on the server's thread alone.
  private final class Shared: @unchecked Sendable {
    var server: Server?
    var remote: Remote?
  }

  private struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  init() throws {
    let shared = Shared()
    let announcement = Channel<Result<ListenAddress, Failure>>()
    thread = RunningThread {
      do {
        var settings = ServerSettings()
        settings.listen = [.tcp(host: "127.0.0.1", port: 0)]
        let logger = Logger(label: "micro") { _ in SwiftLogNoOpLogHandler() }
        let server = try Server(settings, logger: logger)
        let (remote, door) = try server.makeRemote()
        shared.server = server
        shared.remote = remote
        announcement.send(.success(server.addresses[0]))
        try server.run()
        shared.server = nil
        withExtendedLifetime(door) {}
      } catch {
        announcement.send(.failure(Failure(description: "\(error)")))
      }
    }
    self.shared = shared
    loop = try EventLoop()
    let address = try ClientAddress(resolving: announcement.receive().get())
    let clients = try ClientSet(
      on: loop, capacity: 1, onBytes: { [unowned self] _, bytes, _ in take(bytes) },
      onEnd: { [unowned self] _, ending in fail("the connection ended: \(ending)") })
    self.clients = clients
    try clients.connect(0, to: address, sending: [])
  }

  deinit {
    clients?.close(0)
    let shared = shared
    shared.remote?.execute { shared.server?.stop() }
    thread.join()
  }

  /// Sends a request `count` times, each when the one before is answered.
  ///
  /// - Throws: when an answer's status is another, or its length differs from the first one's, or none
  ///   comes within a minute.
  func exchange(_ request: [UInt8], status: Int, times count: Int) throws {
    guard count > 0 else { return }
    self.request = request
    remaining = count
    start = Array("HTTP/1.1 \(status) ".utf8)
    let deadline = try LoopEvent(on: loop, after: .seconds(60)) { [unowned self] in
      fail("there is no answer")
    }
    clients?.send(0, request)
    loop.run { false }
    withExtendedLifetime(deadline) {}
    if let failure { throw failure }
  }

  private func take(_ bytes: Span<UInt8>) {
    for index in bytes.indices { answer.append(bytes[index]) }
    if length == nil { length = Self.length(of: answer) }
    guard let length, answer.count >= length else { return }
    guard answer.count == length, answer.starts(with: start) else {
      fail("an answer is another: \(String(decoding: answer, as: UTF8.self).debugDescription)")
      return
    }
    answer.removeAll(keepingCapacity: true)
    remaining -= 1
    if remaining == 0 { loop.stop() } else { clients?.send(0, request) }
  }

  /// How long an answer is; nil while its head is not complete.
  private static func length(of answer: [UInt8]) -> Int? {
    guard let end = answer.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound else { return nil }
    let head = String(decoding: answer[..<end], as: UTF8.self)
    let lines = head.split(separator: "\r\n")
    let body = lines.lazy.filter { $0.hasPrefix("Content-Length: ") }.first
    return end + (body.flatMap { Int($0.dropFirst("Content-Length: ".count)) } ?? 0)
  }

  private func fail(_ description: String) {
    failure = failure ?? Failure(description: description)
    loop.stop()
  }
}
