internal import ArgumentParser
internal import LoadTest

/// What is loaded.
struct TargetOptions: ParsableArguments {
  @Option(help: "Kind of server: sets paths, body and content type.")
  var target = Target.Preset.belfry

  @Option(help: "Address of the server.")
  var url = "http://127.0.0.1:5000"

  @Option(help: "Path of streams; {room} stands for the name of the room.")
  var streamPath: String?

  @Option(help: "Path to post messages to; {room} as above.")
  var publishPath: String?

  @Option(help: "Another server to post to, or a full URL.")
  var publishUrl: String?

  @Option(help: "Body of a post; {message} stands for the message, {room} as above.")
  var publishBody: String?

  @Option(help: "Content type of a post.")
  var contentType: String?

  @Option(help: "Header field of every request for a stream, as 'NAME: VALUE'. Repeatable.")
  var header: [String] = []

  @Option(help: "Header field of every post. Repeatable.")
  var publishHeader: [String] = []

  @Option(help: "Connect to this Unix socket instead of the URL's host.")
  var unix: String?

  func resolved() throws(BadInput) -> Target {
    var changes = Target.Changes()
    changes.url = url
    changes.streamPath = streamPath
    changes.publishPath = publishPath
    changes.publishURL = publishUrl
    changes.publishBody = publishBody
    changes.contentType = contentType
    changes.headers = header
    changes.publishHeaders = publishHeader
    changes.unix = unix
    return try Target(target, changes)
  }
}
