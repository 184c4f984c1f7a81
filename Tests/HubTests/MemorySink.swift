import EventStream
import Events
import Hub
import TestSupport

/// Streams that are bytes in memory, and block, cut and die as they are told.
final class MemorySink: EventSink {
  struct Stream {
    var bytes: [UInt8] = []
    /// Bytes it takes before it blocks; nil is no bound.
    var room: Int?
    /// The most it takes in one write.
    var bite = Int.max
    /// What the next write meets instead.
    var loss: CloseReason?
    var isClosed = false
    var isBlocked = false
    /// Writes that took anything.
    var writes = 0
  }

  private(set) var streams: [Stream] = []
  private var closed: [Int] = []
  /// Called before each write, to do things in the middle of a fan-out.
  var beforeWrite: ((Int) -> Void)?

  func open(room: Int? = nil, bite: Int = .max) -> Int {
    streams.append(Stream(room: room, bite: bite))
    return streams.count - 1
  }

  subscript(handle: Int) -> Stream {
    get { streams[handle] }
    set { streams[handle] = newValue }
  }

  func write(_ bytes: Span<UInt8>, to stream: StreamHandle) -> WriteResult {
    let handle = Int(stream.rawValue)
    beforeWrite?(handle)
    precondition(!streams[handle].isClosed, "a closed stream is written to")
    if let loss = streams[handle].loss { return .gone(loss) }
    let taken = min(bytes.count, streams[handle].room ?? .max, streams[handle].bite)
    unsafe bytes.withUnsafeBufferPointer { bytes in
      unsafe streams[handle].bytes.append(contentsOf: bytes.prefix(taken))
    }
    streams[handle].room? -= taken
    if taken > 0 { streams[handle].writes += 1 }
    return .wrote(taken)
  }

  func reasonOfLoss(_ stream: StreamHandle) -> CloseReason {
    streams[Int(stream.rawValue)].loss ?? .client
  }

  func setBlocked(_ isBlocked: Bool, _ stream: StreamHandle, _ token: StreamToken) {
    let handle = Int(stream.rawValue)
    precondition(streams[handle].isBlocked != isBlocked, "the hub says what the sink knows")
    streams[handle].isBlocked = isBlocked
  }

  func close(_ stream: StreamHandle, _ reason: CloseReason) {
    let handle = Int(stream.rawValue)
    precondition(!streams[handle].isClosed, "a stream is closed twice")
    streams[handle].isClosed = true
    closed.append(handle)
  }

  /// Those that were closed since it was last asked.
  func takeClosed() -> [Int] {
    defer { closed = [] }
    return closed
  }
}

/// What a client makes of a stream's bytes, without a head.
struct Received {
  private(set) var events: [DecodedEvent] = []
  /// The last chunk came.
  private(set) var hasEnded = false
  private var decoder = EventStreamDecoder()
  private let framing: Framing
  /// How many bytes were read.
  private var end = 0
  /// What is to come of the chunk that has begun.
  private var left: Int?

  init(framing: Framing) { self.framing = framing }

  init(_ bytes: [UInt8], framing: Framing = .chunked) throws {
    self.init(framing: framing)
    try read(bytes)
  }

  var comments: Int { decoder.comments }
  var lastEventID: String { decoder.lastEventID }

  /// Reads on.
  ///
  /// - Parameter bytes: all that came, of which the beginning is known.
  mutating func read(_ bytes: [UInt8]) throws {
    var payload = Array(bytes[end...])
    if framing == .chunked { payload = try unchunk(bytes) } else { end = bytes.count }
    var new: [DecodedEvent] = []
    try decoder.decode(payload) { new.append($0) }
    events += new
  }

  var texts: [String] { events.filter { $0.type == "message" }.map(\.data) }
  var gaps: [String] { events.filter { $0.type == "gap" }.map(\.data) }
  var numbers: [UInt64] {
    events.filter { $0.type == "message" }.compactMap { EventID($0.lastEventID)?.number }
  }

  struct Malformed: Error {}

  /// Takes the chunks beyond `end` apart (RFC 9112, section 7.1); the last may be incomplete.
  private mutating func unchunk(_ bytes: [UInt8]) throws -> [UInt8] {
    var payload: [UInt8] = []
    while true {
      if left == nil {
        guard let line = bytes[end...].firstIndex(of: 10) else { break }
        guard line > end, bytes[line - 1] == 13,
          let size = Int(String(decoding: bytes[end..<line - 1], as: UTF8.self), radix: 16)
        else { throw Malformed() }
        end = line + 1
        if size == 0 {
          hasEnded = bytes[end...].elementsEqual([13, 10])
          break
        }
        left = size
      }
      let some = bytes[end...].prefix(left!)
      payload += some
      end = some.endIndex
      left! -= some.count
      guard left == 0, bytes.count >= end + 2 else { break }
      guard bytes[end] == 13, bytes[end + 1] == 10 else { throw Malformed() }
      end += 2
      left = nil
    }
    return payload
  }
}

/// A hub with a clock moved by hand.
final class Fixture {
  let sink = MemorySink()
  let hub: Hub
  private(set) var epoch = Epoch("e1")!
  private(set) var now = ContinuousClock.now
  private var newest: UInt64 = 0
  /// Off where a listener joins in the midst of a flush.
  var flushesOnSubscribe = true

  init(_ change: (inout HubSettings) -> Void = { _ in }) {
    var settings = HubSettings()
    change(&settings)
    hub = Hub(settings: settings, epoch: epoch, sink: sink, now: now)
  }

  /// Opens a stream; a head of no bytes keeps the bytes a test looks at simple.
  @discardableResult
  func subscribe(
    _ rooms: [String] = ["chat"], after id: String? = nil, framing: Framing = .chunked,
    room: Int? = nil
  ) -> (handle: Int, token: StreamToken) {
    let handle = sink.open(room: room)
    let token = hub.subscribe(
      StreamHandle(rawValue: Int32(handle)), to: Interest(rooms: rooms.map { RoomName($0)! }),
      after: id.map { LastEventID($0) },
      framing: framing, head: [], now: now)
    if flushesOnSubscribe { flush() }
    return (handle, token)
  }

  @discardableResult
  func publish(_ text: String, in room: String = "chat") -> EventID {
    newest += 1
    hub.append(.said(text, in: room), number: newest, now: now)
    return EventID(epoch: epoch, number: newest)
  }

  /// A line without an id.
  func publishStray(_ text: String, in room: String = "chat") {
    hub.appendStray(.said(text, in: room), now: now)
  }

  /// Begins a new history, `e2` after `e1`.
  func restart(at starts: [String: HistoryStart] = [:]) {
    epoch = Epoch("e\(Int(epoch.text.dropFirst())! + 1)")!
    newest = 0
    let starts = starts.map { (RoomName($0)!, $1) }
    hub.restart(epoch: epoch, starts: Dictionary(uniqueKeysWithValues: starts), now: now)
  }

  /// Loads a room with messages of these numbers, each a second older than the next.
  func load(
    _ room: String, _ numbers: [UInt64], droppedThrough: UInt64 = 0, unknownThrough: UInt64 = 0
  ) {
    let messages = numbers.enumerated().map { place, number in
      RoomHistory.Message(
        number: number, event: .said("\(number)", in: room), age: .seconds(numbers.count - place))
    }
    let isLoaded = hub.load(
      RoomName(room)!,
      RoomHistory(
        messages: messages, droppedThrough: droppedThrough, unknownThrough: unknownThrough),
      now: now)
    precondition(isLoaded, "there was a place for it")
    newest = max(newest, hub.newest)
  }

  /// Flushes until there is nothing to do; the bound makes an endless loop a failure.
  func flush(_ budget: FanOutBudget = FanOutBudget()) {
    for _ in 0..<1_000_000 {
      if !hub.flush(budget: budget, clock: { [now] in now }) { return }
    }
    preconditionFailure("the fan-out never ends")
  }

  func resume(_ token: StreamToken) {
    hub.resume(token)
    flush()
  }

  func advance(_ time: Duration) {
    now += time
    hub.advance(to: now)
  }

  /// Advances in steps as short as the loop's.
  func pass(_ time: Duration) {
    let end = now + time
    while now < end { advance(min(.milliseconds(100), end - now)) }
  }

  func received(_ handle: Int, framing: Framing = .chunked) throws -> Received {
    try Received(sink[handle].bytes, framing: framing)
  }
}
