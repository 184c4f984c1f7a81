internal import ArgumentParser
internal import BelfryClient
internal import Reactor

/// `belfry publish`: a line into a room.
struct Publish: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Posts a message, or each line of standard input, to a running server.",
    discussion: """
      Exits with status 0 when every message was published. Exits with 75 when the server could not \
      publish a message at the moment, or did not answer: the message may be posted again with the \
      same --key. Exits with 1 when a message was refused permanently. Posts no further line after a \
      failure.
      """)

  @OptionGroup var server: ServerOptions

  @Option(help: "Room to post to. (default: the server's default room)")
  var room: String?

  @Option(help: "Sign in with this name first. (default: post anonymously)")
  var name: String?

  @Option(
    help: """
      Key of the message: posted again with the same key within five minutes, it is published only \
      once. (default: a random key for each message)
      """)
  var key: String?

  @Option(help: "How long to wait for an answer.")
  var timeout = DurationArgument(.seconds(10))

  @Option(
    help: """
      How long to retry while the server is busy or unreachable, at the times that its Retry-After \
      names; 0 tries once.
      """)
  var retryFor = DurationArgument(.zero)

  @Argument(help: "The message, or - to post each line of standard input.")
  var message: String

  func validate() throws {
    _ = try server.serverURL()
    guard key == nil || message != "-" else {
      throw ValidationError(
        "--key is for a single message: a second one with the same key would not be published")
    }
    guard key != "" else { throw ValidationError("--key must not be empty") }
    guard !message.isEmpty else { throw ValidationError("the message must not be empty") }
    guard timeout.value >= .milliseconds(1) else {
      throw ValidationError("--timeout must be at least 1ms")
    }
  }

  func run() throws {
    StandardDescriptors.fill()
    var taken = 0
    do {
      let publisher = try Publisher(
        to: server.serverURL(), agent: server.agent, timeout: timeout.value)
      if let name { try publisher.signIn(as: name, patience: retryFor.value) }
      while let line = message == "-" ? readLine() : taken == 0 ? message : nil {
        try publisher.publish(
          line, to: room, key: key ?? Self.randomKey, patience: retryFor.value)
        taken += 1
      }
    } catch let error as Publisher.Failure {
      let place = message == "-" ? "line \(taken + 1): " : ""
      StandardStream.error.write("belfry: \(place)\("\(error)".printable)\n")
      throw error.kind == .refused ? ExitCode(1) : Self.temporaryFailure
    } catch let error as ReactorError {
      StandardStream.error.write("belfry: \(error)\n")
      throw ExitCode(1)
    }
  }

  /// EX_TEMPFAIL of sysexits.h.
  private static let temporaryFailure = ExitCode(75)

  /// 128 random bits: collision-free in practice.
  private static var randomKey: String {
    let bits = UInt128.random(in: .min ... .max)
    return String(bits, radix: 16)
  }
}
