internal import ArgumentParser
internal import BelfryClient
internal import Reactor

/// `belfry publish`: a line into a room.
struct Publish: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Posts a message, or each line of standard input, to a running server.",
    discussion: """
      The status is 0 when everything was taken; 75 when the server could not take it at the moment, or \
      nobody knows whether it did, so that it may be tried again with the same --key; and 1 when it \
      was refused for good. Nothing that comes after a line that was not taken is posted.
      """)

  @OptionGroup var server: ServerOptions

  @Option(help: "The room. (default: the server's own)")
  var room: String?

  @Option(help: "Sign in with this name first. (default: post without a name)")
  var name: String?

  @Option(
    help: """
      The message is published once under this key within five minutes, however often it is posted. \
      (default: a random one for each message)
      """)
  var key: String?

  @Option(help: "How long an answer may take.")
  var timeout = DurationArgument(.seconds(10))

  @Option(
    help: """
      A server that can't take it at the moment, or isn't there, is asked again for so long, at the times \
      that it names (Retry-After); 0 is once.
      """)
  var retryFor = DurationArgument(.zero)

  @Argument(help: "The message; - is each line of standard input.")
  var message: String

  func validate() throws {
    _ = try server.serverURL()
    guard key == nil || message != "-" else {
      throw ValidationError(
        "--key is for one message: a second one under it would not be published")
    }
    guard key != "" else { throw ValidationError("--key must not be empty") }
    guard !message.isEmpty else { throw ValidationError("a message must not be empty") }
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

  /// 128 random bits, so that one that comes twice is none of ours.
  private static var randomKey: String {
    let bits = UInt128.random(in: .min ... .max)
    return String(bits, radix: 16)
  }
}
