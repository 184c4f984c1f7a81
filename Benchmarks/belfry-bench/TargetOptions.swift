internal import ArgumentParser
internal import LoadTest

/// What is loaded.
struct TargetOptions: ParsableArguments {
  @Option(help: "What kind of server it is: sets paths, body and content type.")
  var target = Target.Preset.belfry

  @Option(help: "Where it listens.")
  var url = "http://127.0.0.1:5000"

  @Option(help: "Where streams are opened; {room} stands for the room's name.")
  var streamPath: String?

  @Option(help: "Where messages are posted; {room} as above.")
  var publishPath: String?

  @Option(help: "Another server to post to, or the whole address.")
  var publishUrl: String?

  @Option(help: "What is posted; {message} stands for the message, {room} as above.")
  var publishBody: String?

  @Option(help: "The content type of what is posted.")
  var contentType: String?

  @Option(help: "A header field of every stream's request, repeatable: 'NAME: VALUE'.")
  var header: [String] = []

  @Option(help: "A header field of every post, repeatable.")
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
