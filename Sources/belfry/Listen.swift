internal import ArgumentParser
internal import BelfryClient
internal import EventStream
internal import Reactor
internal import TextCoding

/// `belfry listen`: a stream's messages as lines.
struct Listen: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints the messages of a running server's rooms, one per line.",
    discussion: """
      When the stream ends, reconnects with the last id, as a browser does, and gets the messages \
      that it missed, as far as the server still has them. Prints a line break within a message as \
      \\n, other control characters as \\xHH. Reports gaps and lost connections on standard error. \
      Ends when standard output is closed or after --count messages. Exits with status 1 when the \
      server refuses the stream permanently.
      """)

  @OptionGroup var server: ServerOptions

  @Option(help: "Room to listen to. Repeatable. (default: the server's default room)")
  var room: [String] = []

  @Option(
    name: .customLong("last-event-id"),
    help: "Start after the message with this id. (default: only new messages)")
  var lastEventID = ""

  @Flag(help: "Print every event, gaps included, as a JSON object with id, event and data.")
  var json = false

  @Option(help: "End after this many messages. (default: never)")
  var count: Int?

  @Option(help: "Reconnect when no data, not even a heartbeat, arrives for this long.")
  var silence = DurationArgument(.seconds(60))

  func validate() throws {
    _ = try server.serverURL()
    guard count ?? 1 > 0 else { throw ValidationError("--count must be more than 0") }
    guard silence.value >= .seconds(1) else {
      throw ValidationError("--silence must be at least 1s")
    }
    guard lastEventID.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
      throw ValidationError("--last-event-id must not contain control characters")
    }
  }

  func run() throws {
    StandardDescriptors.fill()
    var request = StreamFollower.Request(try server.serverURL(), agent: server.agent)
    request.rooms = room
    request.lastEventID = lastEventID
    request.silence = silence.value
    let printer = EventPrinter(json: json, count: count)
    do {
      let follower = try StreamFollower(request) { [printer] event in
        printer.take(event)
      } onNotice: { notice in
        StandardStream.error.write("belfry: \(notice.printable)\n")
      }
      printer.onDone = { [unowned follower] in follower.stop() }
      try follower.run()
    } catch let error as ReactorError {
      StandardStream.error.write("belfry: \(error)\n")
      throw ExitCode(1)
    } catch let error as StreamFollower.Refused {
      StandardStream.error.write("belfry: \("\(error)".printable)\n")
      throw ExitCode(1)
    }
  }
}

/// Prints events as they come.
private final class EventPrinter {
  private let json: Bool
  /// Messages to print yet; nil: no end of them.
  private var left: Int?
  /// Called when enough was printed, or nobody reads it.
  var onDone: () -> Void = {}

  init(json: Bool, count: Int?) {
    self.json = json
    left = count
  }

  func take(_ event: DecodedEvent) {
    let isMessage = event.type == "message"
    if !isMessage {
      StandardStream.error.write("belfry: \("\(event.type): \(event.data)".printable)\n")
    }
    guard isMessage || json else { return }
    // Waits for whoever reads: what he is slow to take stays with the server meanwhile.
    guard StandardStream.output.write(line(event) + "\n") else { return onDone() }
    guard isMessage, let count = left else { return }
    left = count - 1
    if count == 1 { onDone() }
  }

  private func line(_ event: DecodedEvent) -> String {
    guard json else { return event.data.printable }
    var json = JSONWriter()
    json.object { json in
      json.member("id", event.lastEventID)
      json.member("event", event.type)
      json.member("data", event.data)
    }
    return json.text
  }
}
