package import Hub
package import Logging
package import Reactor

/// One line for each finished request and each finished stream.
///
/// Without one nothing here exists, and nobody is asked who a client is.
package final class AccessLog {
  /// What a stream's line needs when it ends.
  private struct OpenStream {
    let entry: AccessEntry
    /// Nanoseconds of `MonotonicClock`.
    let opened: UInt64
    /// Of the body; the head's are taken off before they are written.
    var bytes: Int
  }

  /// Its file and three pipes.
  package static let descriptors = 7

  private let file: LogFile
  private let format: AccessLogFormat
  private let logger: Logger
  /// Each stream by its socket: 24 B for each descriptor, and the entry's own bytes.
  private var streams: [OpenStream?] = []
  private var clock = AccessLogClock()

  /// Opens the file, which blocks.
  package init(_ settings: AccessLogSettings, logger: Logger) throws(ReactorError) {
    format = settings.format
    self.logger = logger
    file = try LogFile(settings.path) { error in
      if let error {
        logger.error(
          "access log not reopened, still writing to the old file", metadata: ["reason": "\(error)"]
        )
      } else {
        logger.notice("access log reopened")
      }
    }
  }

  // MARK: Requests

  /// A request has ended that was no stream.
  ///
  /// - Parameter identify: tells who sent it, and whose session it was; asked when it had a head.
  package func finished(
    _ finished: FinishedRequest,
    identify: (HTTPRequest) -> (client: Peer, user: String?)
  ) {
    let (client, user) =
      finished.head.map { identify(HTTPRequest(head: $0, peer: finished.peer)) }
      ?? (finished.peer, nil)
    let entry = AccessEntry(
      format, client: client, user: user, line: finished.line, head: finished.head)
    write(
      entry,
      AccessResult(
        status: finished.status, bytes: finished.bodyBytes, duration: finished.duration, reason: nil
      ))
  }

  // MARK: Streams

  /// A stream begins, of whose bytes the first `headBytes` are the response's head.
  package func opened(
    _ socket: StreamSocket, _ head: RequestHead, client: Peer, user: String?, headBytes: Int
  ) {
    let entry = AccessEntry(format, client: client, user: user, line: head.requestLine, head: head)
    let descriptor = Int(socket.descriptor)
    while streams.count <= descriptor { streams.append(nil) }
    streams[descriptor] = OpenStream(
      entry: entry, opened: MonotonicClock.nanoseconds, bytes: -headBytes)
  }

  /// A stream has taken so many bytes.
  package func wrote(_ count: Int, to socket: StreamSocket) {
    streams[Int(socket.descriptor)]?.bytes += count
  }

  /// A stream has ended.
  package func closed(_ socket: StreamSocket, _ reason: CloseReason) {
    guard let stream = streams[Int(socket.descriptor)] else { return }
    streams[Int(socket.descriptor)] = nil
    let duration = Duration.nanoseconds(MonotonicClock.nanoseconds - stream.opened)
    write(
      stream.entry,
      AccessResult(
        status: .ok, bytes: max(0, stream.bytes), duration: duration, reason: reason))
  }

  private func write(_ entry: AccessEntry, _ result: AccessResult) {
    file.write(entry.line(format, at: clock.text(format), result))
  }

  // MARK: The file

  /// Has the file opened anew under its path.
  package func reopen() { file.reopen() }

  /// Says in the log what is missing here; to be called now and then.
  package func reportLoss() {
    guard let loss = file.takeLoss() else { return }
    logger.warning(
      "access log lines lost",
      metadata: ["lines": "\(loss.lines)", "reason": "\(loss.reason)"])
  }

  /// The loop has ended: the lines of those who are cut now may wait for room.
  package func beginClosing() { file.allowWaiting(for: .seconds(1)) }

  /// Ends it; nothing may be written afterwards.
  package func close() {
    file.close()
    reportLoss()
  }
}

/// The present time as a format has it, made once a second.
private struct AccessLogClock {
  private var second: Int64?
  private var text = ""

  mutating func text(_ format: AccessLogFormat) -> String {
    let now = WallClock.seconds
    if second != now {
      second = now
      text =
        switch format {
        case .combined: WallClock.localLogTime
        case .json: WallClock.timestamp
        }
    }
    return text
  }
}
