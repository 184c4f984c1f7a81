internal import Reactor
internal import TextCoding

/// What is loaded: where streams are opened and messages published, and in what words.
package struct Target: Codable, Equatable, Sendable {
  /// One of the two doors of a server.
  package struct Door: Codable, Equatable, Sendable {
    /// `HOST:PORT`, `[IPV6]:PORT` or `unix:PATH`.
    package var address: String
    /// What stands in the `Host` field.
    package var host: String
    /// Begins with `/`; `{room}` stands for the room's name.
    package var path: String
    /// Header fields beside our own.
    package var headers: [String] = []
  }

  package var name: String
  package var stream: Door
  package var publish: Door
  /// `{message}` stands for the message, `{room}` for the room's name.
  package var publishBody: String
  package var contentType: String
  /// The type of the event by which the server tells of lost history.
  package var gapEvent = "gap"
  /// The type of the event by which the server refuses a stream, with the reason as its data.
  package var busyEvent = "busy"

  /// Known kinds of servers.
  package enum Preset: String, CaseIterable, Sendable {
    case belfry, nchan, pushpin, flask, mercure
  }

  /// What is written on the command line; nil leaves the preset's.
  package struct Changes: Sendable {
    package var url = "http://127.0.0.1:5000"
    package var streamPath: String?
    package var publishPath: String?
    package var publishURL: String?
    package var publishBody: String?
    package var contentType: String?
    package var headers: [String] = []
    package var publishHeaders: [String] = []
    package var unix: String?
    package init() {}
  }

  /// - Throws: `BadInput` for what is no address.
  package init(_ preset: Preset, _ changes: Changes) throws(BadInput) {
    let parts = Self.parts(of: preset)
    let url = try WebAddress(changes.url)
    let address = changes.unix.map { "unix:\($0)" } ?? url.address
    name = preset.rawValue
    stream = Door(
      address: address, host: url.host, path: url.path + (changes.streamPath ?? parts.stream),
      headers: changes.headers)
    publish = Door(
      address: address, host: url.host, path: url.path + (changes.publishPath ?? parts.publish),
      headers: changes.publishHeaders)
    publishBody = changes.publishBody ?? parts.body
    contentType = changes.contentType ?? parts.type
    if let text = changes.publishURL {
      let url = try WebAddress(text)
      publish.address = url.address
      publish.host = url.host
      // The path of the address itself is where one publishes, unless another is named.
      publish.path = url.path + (changes.publishPath ?? (url.path.isEmpty ? parts.publish : ""))
    } else if preset == .pushpin, changes.unix == nil {
      // Pushpin publishes on a port of its own, 5561 unless configured.
      publish.address = url.address(withPort: 5561)
    }
    guard publishBody.contains("{message}") else {
      throw BadInput("--publish-body must contain {message}")
    }
    for door in [stream, publish] {
      guard door.path.hasPrefix("/"), door.path.utf8.allSatisfy(\.isVisible) else {
        throw BadInput(
          "\(door.path.debugDescription) is not a valid path: it must begin with / and be ASCII")
      }
      for header in door.headers {
        guard header.contains(":"), header.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
          throw BadInput("\(header.debugDescription) is not a valid header field: use NAME: VALUE")
        }
      }
    }
  }

  private static func parts(
    of preset: Preset
  ) -> (stream: String, publish: String, body: String, type: String) {
    let form = "application/x-www-form-urlencoded"
    return switch preset {
    case .belfry: ("/stream?room={room}", "/post", "message={message}&room={room}", form)
    case .nchan: ("/stream/{room}", "/publish/{room}", "{message}", "text/plain")
    case .pushpin:
      (
        "/stream/{room}", "/publish/",
        #"{"items":[{"channel":"{room}","formats":{"http-stream":"#
          + #"{"content":"data: {message}\n\n"}}}]}"#,
        "application/json"
      )
    case .flask: ("/stream", "/post", "message={message}", form)
    case .mercure:
      (
        "/.well-known/mercure?topic={room}", "/.well-known/mercure", "topic={room}&data={message}",
        form
      )
    }
  }

  /// Whether messages to one room reach no other.
  package var hasRooms: Bool {
    stream.path.contains("{room}")
      && (publish.path.contains("{room}") || publishBody.contains("{room}"))
  }

  /// The query field that a stream's path has for each room it follows.
  private static let roomField = "room={room}"

  /// Why one stream can't follow two rooms; nil when it can.
  package var obstacleToTwoRooms: String? {
    guard name == Preset.belfry.rawValue else {
      return
        "--own-room works only with --target belfry: belfry-bench can't open a stream that follows "
        + "two rooms of \(name)"
    }
    let query = stream.path.split(separator: "?", maxSplits: 1).dropFirst().first ?? ""
    let fields = query.split(separator: "&").filter { $0 == Self.roomField }
    guard fields.count == 1, hasRooms else {
      return
        "--own-room needs \(Self.roomField) in the query of --stream-path, and {room} in "
        + "--publish-path or --publish-body"
    }
    return nil
  }

  // MARK: Requests

  /// What a browser sends with an `EventSource`: most of what opening a stream costs a server is
  /// reading it. `Accept-Encoding` is left out, since the tool reads no compressed streams.
  private static let browserFields = """
    Connection: keep-alive\r
    Cache-Control: no-cache\r
    sec-ch-ua: "Chromium";v="140", "Not=A?Brand";v="24", "Google Chrome";v="140"\r
    sec-ch-ua-mobile: ?0\r
    sec-ch-ua-platform: "Windows"\r
    User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
    Chrome/140.0.0.0 Safari/537.36\r
    Accept: text/event-stream\r
    DNT: 1\r
    Sec-Fetch-Site: same-origin\r
    Sec-Fetch-Mode: cors\r
    Sec-Fetch-Dest: empty\r
    Accept-Language: en-GB,en;q=0.9\r

    """

  /// The request that opens a stream.
  ///
  /// - Parameter rooms: what it follows; several only where nothing is an `obstacleToTwoRooms`.
  /// - Parameter lastEventID: what the listener has already; "" for nothing.
  package func streamRequest(rooms: [String], lastEventID: String = "") -> [UInt8] {
    let path = streamPath(rooms)
    var text = "GET \(path) HTTP/1.1\r\nHost: \(stream.host)\r\n" + Self.browserFields
    if !lastEventID.isEmpty { text += "Last-Event-ID: \(lastEventID)\r\n" }
    for header in stream.headers { text += header + "\r\n" }
    return Array((text + "\r\n").utf8)
  }

  /// The path of a stream of these rooms.
  package func streamPath(_ rooms: [String]) -> String {
    guard rooms.count > 1 else { return stream.path.replacing("{room}", with: rooms[0]) }
    let fields = rooms.map { Self.roomField.replacing("{room}", with: $0) }
    return stream.path.replacing(Self.roomField, with: fields.joined(separator: "&"))
  }

  /// The request that publishes a message.
  package func publishRequest(room: String, message: [UInt8]) -> [UInt8] {
    let body = publishBody.replacing("{room}", with: room)
      .replacing("{message}", with: String(decoding: message, as: UTF8.self))
    let path = publish.path.replacing("{room}", with: room)
    var text = "POST \(path) HTTP/1.1\r\nHost: \(publish.host)\r\n"
    text += "Content-Type: \(contentType)\r\nContent-Length: \(body.utf8.count)\r\n"
    for header in publish.headers { text += header + "\r\n" }
    return Array((text + "\r\n" + body).utf8)
  }
}

/// Something on the command line that can't be done, and what would help.
package struct BadInput: Error, Equatable, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}

/// The parts of an `http` URL that a client needs.
struct WebAddress {
  /// `HOST:PORT`.
  let address: String
  /// As it stands in the URL, which is what a `Host` field says.
  let host: String
  /// Without a slash at its end; "" for the root.
  let path: String
  private let name: String

  init(_ text: String) throws(BadInput) {
    guard text.hasPrefix("http://") else {
      throw BadInput(
        text.hasPrefix("https://")
          ? "\(text): https is not supported; load the server behind the proxy with http://"
          : "\(text.debugDescription) is not a valid address: use http://HOST:PORT")
    }
    let rest = text.dropFirst(7)
    host = String(rest.prefix { $0 != "/" && $0 != "?" })
    var path = String(rest.dropFirst(host.count))
    while path.hasSuffix("/") { path.removeLast() }
    self.path = path
    let isBare = host.hasSuffix("]") || !host.contains(":")
    address = isBare ? "\(host):80" : host
    guard case .tcp(_, let port)? = ListenAddress(address), port > 0, !host.hasPrefix("*") else {
      throw BadInput("\(text.debugDescription) is not a valid address: use http://HOST:PORT")
    }
    // A port follows the last colon: `ListenAddress` took it.
    name = String(address[..<(address.lastIndex(of: ":") ?? address.endIndex)])
  }

  func address(withPort port: UInt16) -> String { "\(name):\(port)" }
}
