internal import Hub
internal import Reactor

/// What the access log says of one request, but for what is known at its end only; bytes in one piece,
/// since each open stream has one.
struct AccessEntry: Equatable {
  /// Bytes that a field of the line has at most, escaped, so that a line is shorter than 4 KiB; what is
  /// cut off is shown as `...`.
  private enum Limit {
    static let line = 2048
    static let referer = 768
    static let agent = 512
    static let user = 256
  }

  /// Three parts with a LF between them, which no part has: what stands before the time, between that and
  /// the result, and after the result.
  private let parts: [UInt8]

  /// - Parameters:
  ///   - user: whose session it was.
  ///   - line: the request's first.
  ///   - head: nil when it could not be read.
  init(
    _ format: AccessLogFormat, client: Peer, user: String?, line: [UInt8], head: RequestHead?
  ) {
    let referer = head?.bytes(of: "Referer") ?? []
    let agent = head?.bytes(of: "User-Agent") ?? []
    var text = LogText(reserving: 160 + line.count + agent.count + referer.count)
    let client = client == .unix ? "unix:" : client.description
    switch format {
    case .combined:
      text.add(client)
      text.add(" - ")
      text.addEscaped((user ?? "").utf8, upTo: Limit.user, quotesBlanks: true)
      text.add(" [\n] \"")
      text.addEscaped(line, upTo: Limit.line)
      text.add("\" \n \"")
      text.addEscaped(referer, upTo: Limit.referer)
      text.add("\" \"")
      text.addEscaped(agent, upTo: Limit.agent)
      text.add("\" ")
    case .json:
      text.add(#"{"time":""# + "\n" + #"","client":"#)
      text.addJSON(client, upTo: Limit.user)
      text.add(#","user":"#)
      text.addJSON(user, upTo: Limit.user)
      text.add(#","request":"#)
      text.addJSON(String(decoding: line, as: UTF8.self), upTo: Limit.line)
      text.add(#","referer":"#)
      text.addJSON(head?["Referer"], upTo: Limit.referer)
      text.add(#","agent":"#)
      text.addJSON(head?["User-Agent"], upTo: Limit.agent)
      text.add(#","status":"# + "\n\n")
    }
    // A copy, as large as it has to be: a stream keeps it for as long as it is open.
    parts = Array(text.bytes[...])
  }

  /// The whole line, without its end.
  ///
  /// - Parameter time: as the format has it.
  func line(_ format: AccessLogFormat, at time: String, _ result: AccessResult) -> [UInt8] {
    let parts = parts.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    var text = LogText(reserving: self.parts.count + 96)
    text.add(parts[0])
    text.add(time)
    text.add(parts[1])
    switch format {
    case .combined:
      text.add("\(result.status) \(result.bytes)")
      text.add(parts[2])
      text.add("\(result.seconds) \(result.reason?.rawValue ?? "-")")
    case .json:
      let reason = result.reason.map { "\"\($0.rawValue)\"" } ?? "null"
      text.add(
        "\(result.status),\"bytes\":\(result.bytes),\"seconds\":\(result.seconds)"
          + ",\"closed\":\(reason)}")
    }
    return text.bytes
  }
}
