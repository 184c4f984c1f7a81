package import EventStream
package import Reactor

/// Follows a stream as a browser's EventSource does (WHATWG HTML, section 9.2): it comes back with its last
/// id whenever the stream ends, after the time that the server has named.
package final class StreamFollower {
  /// Why there is no sense in coming back.
  package struct Refused: Error, Equatable, CustomStringConvertible {
    package let description: String
  }

  /// What a stream is asked for.
  package struct Request: Sendable {
    package var url: ServerURL
    /// None is the server's own.
    package var rooms: [String] = []
    package var lastEventID = ""
    /// What a `User-Agent` field says.
    package var agent: String
    /// A connection that brings nothing for so long is given up; the server's heartbeats come more often.
    package var silence = Duration.seconds(60)

    package init(_ url: ServerURL, agent: String) {
      self.url = url
      self.agent = agent
    }
  }

  /// However soon a server asks for it, it isn't asked again sooner.
  private static let shortestRetry = Duration.milliseconds(100)
  /// Time for an answer to begin, and for one that is no stream to end.
  private static let answerTime = Duration.seconds(10)
  /// Of an answer that is no stream so many bytes are read for the reason.
  private static let maximumReasonBytes = 4 << 10

  private let request: Request
  private let loop: EventLoop
  private let addresses: [ClientAddress]
  private let onEvent: (DecodedEvent) -> Void
  private let onNotice: (String) -> Void
  private var clients: ClientSet?
  private var reader = ResponseReader()
  private var decoder = EventStreamDecoder()
  private var head: ResponseHead?
  /// Of an answer that is no stream.
  private var body: [UInt8] = []
  private var lastEventID: String
  /// How long the server wants us to wait before we come back.
  private var retry = Duration.seconds(2)
  private var addressIndex = 0
  /// Addresses that have refused since the last one that did not.
  private var refusals = 0
  private var lastBytes = ContinuousClock.now
  /// When it was asked for a stream, or has begun to answer with something else.
  private var since = ContinuousClock.now
  private var timer: LoopEvent?
  private var watch: LoopEvent?
  /// What was last said of an outage that still lasts.
  private var outage: String?
  private var isStopped = false
  private var refused: Refused?

  /// Looks the server's name up, which blocks.
  ///
  /// - Parameters:
  ///   - onEvent: gets each event; may call `stop`, after which none comes.
  ///   - onNotice: is told, in words, when the stream is lost and when it is there again.
  package init(
    _ request: Request, onEvent: @escaping (DecodedEvent) -> Void,
    onNotice: @escaping (String) -> Void
  ) throws(ReactorError) {
    self.request = request
    self.onEvent = onEvent
    self.onNotice = onNotice
    lastEventID = request.lastEventID
    loop = try EventLoop()
    addresses = try ClientAddress.all(resolving: request.url.address)
    clients = try ClientSet(on: loop, capacity: 1) { [unowned self] _, bytes, _ in
      take(bytes)
    } onEnd: { [unowned self] _, ending in
      ended(ending)
    }
    watch = try LoopEvent(on: loop, every: .seconds(1)) { [unowned self] in lookForSilence() }
  }

  /// Follows until `stop`, or until the server says that there is nothing more (204).
  ///
  /// - Throws: what the server says when it will never give this stream.
  package func run() throws(Refused) {
    connect()
    loop.run { false }
    timer = nil
    clients?.close(0)
    if let refused { throw refused }
  }

  package func stop() {
    isStopped = true
    loop.stop()
  }

  // MARK: Connecting

  private func connect() {
    timer = nil
    reader = ResponseReader()
    decoder = EventStreamDecoder()
    decoder.resume(after: lastEventID)
    head = nil
    body = []
    lastBytes = .now
    since = .now
    do throws(ReactorError) {
      try clients?.connect(0, to: addresses[addressIndex], sending: requestBytes)
    } catch {
      tryNext("\(error)")
    }
  }

  private var requestBytes: [UInt8] {
    var query = Form()
    for room in request.rooms { query.add("room", room) }
    let path = request.url.basePath + "/stream" + (query.text.isEmpty ? "" : "?" + query.text)
    var text = "GET \(path) HTTP/1.1\r\nHost: \(request.url.host)\r\n"
    text +=
      "User-Agent: \(request.agent)\r\nAccept: text/event-stream\r\nCache-Control: no-store\r\n"
    if !lastEventID.isEmpty { text += "Last-Event-ID: \(lastEventID)\r\n" }
    return Array((text + "\r\n").utf8)
  }

  /// Nobody listens at this address, or it can't be reached: the name's next one, at once; after the last
  /// one, all of them later.
  private func tryNext(_ reason: String) {
    addressIndex = (addressIndex + 1) % addresses.count
    refusals += 1
    if refusals < addresses.count {
      comeBack(after: .milliseconds(1))
    } else {
      refusals = 0
      lose(reason)
    }
  }

  /// The stream is gone, for a reason worth a word.
  private func lose(_ reason: String, atLeast time: Duration = .zero) {
    let wait = max(retry, time, Self.shortestRetry)
    if outage != reason {
      outage = reason
      onNotice("no stream: \(reason); reconnecting")
    }
    comeBack(after: wait)
  }

  private func comeBack(after time: Duration) {
    guard !isStopped else { return }
    do throws(ReactorError) {
      timer = try LoopEvent(on: loop, after: max(time, .milliseconds(1))) { [unowned self] in
        connect()
      }
    } catch {
      end(Refused(description: "\(error)"))
    }
  }

  private func end(_ reason: Refused? = nil) {
    refused = reason
    stop()
  }

  private func lookForSilence() {
    guard clients?.isOpen(0) == true else { return }
    let now = ContinuousClock.now
    if isStream {
      guard now - lastBytes > request.silence else { return }
      clients?.close(0)
      keepPlace()
      lose("no data for \(request.silence)")
    } else if now - since > min(request.silence, Self.answerTime) {
      clients?.close(0)
      if head == nil { lose("no answer within \(now - since)") } else { finish() }
    }
  }

  // MARK: Reading

  private func take(_ bytes: Span<UInt8>) {
    lastBytes = .now
    refusals = 0
    var index = 0
    do throws(ResponseError) {
      while !isStopped {
        switch try reader.next(bytes, &index) {
        case .needsMore: return
        case .chunkEnd: continue
        case .head(let head): begin(head)
        case .body(let range): try read(bytes.extracting(range))
        case .end:
          clients?.close(0)
          finish()
          return
        }
      }
    } catch {
      clients?.close(0)
      keepPlace()
      lose("the stream can't be read: \(error)")
    }
  }

  private var isStream: Bool { head?.status == 200 && head?.contentType == "text/event-stream" }

  private func begin(_ head: ResponseHead) {
    self.head = head
    since = .now
    if head.status == 200, !isStream {
      // It need not end: nothing in it is worth a wait.
      clients?.close(0)
      finish()
    }
    guard isStream, outage != nil else { return }
    outage = nil
    onNotice("reconnected")
  }

  private func read(_ bytes: Span<UInt8>) throws(ResponseError) {
    guard isStream else {
      for index in bytes.indices where body.count < Self.maximumReasonBytes {
        body.append(bytes[index])
      }
      return
    }
    do throws(EventStreamError) {
      try decoder.decode(bytes) { event in
        if !isStopped { onEvent(event) }
      }
    } catch {
      throw ResponseError("\(error)")
    }
  }

  private func ended(_ ending: ClientSet.Ending) {
    if head == nil {
      if ending == .closed { lose("\(ending) without an answer") } else { tryNext("\(ending)") }
    } else if reader.mayEndHere || !isStream {
      finish()
    } else {
      keepPlace()
      lose("\(ending)")
    }
  }

  /// Remembers how far the stream was read, and what it said of coming back.
  private func keepPlace() {
    if isStream { lastEventID = decoder.lastEventID }
    if let time = decoder.reconnectionTime { retry = time }
  }

  /// The answer is complete.
  private func finish() {
    guard let head else { return }
    keepPlace()
    let answer = Answer(head: head, body: body)
    if isStream {
      // As every stream does at some time, when its server is replaced.
      comeBack(after: max(retry, Self.shortestRetry))
    } else if head.isTemporary {
      lose(answer.reason, atLeast: head.retryAfter ?? .zero)
    } else if head.status == 204 {
      end()
    } else if let place = head.headers["Location"], 300..<400 ~= head.status {
      end(Refused(description: "\(answer.reason): redirect to \(place)"))
    } else if head.status == 200 {
      end(
        Refused(
          description:
            "not an event stream: the content type is \(head.contentType.debugDescription)"))
    } else {
      end(Refused(description: answer.reason))
    }
  }
}
