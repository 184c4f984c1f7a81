import EventStream
import Events
import TestSupport
import Testing

@testable import Hub

/// A run of random operations on a hub whose listeners follow interests, beside a model in which each topic has a
/// list of numbers, and each listener a list of what it is to be sent.
final class InterestModelRun {
  struct Log {
    /// The numbers in history.
    var numbers: [UInt64] = []
    var droppedThrough: UInt64 = 0
    /// How many listeners name it.
    var followers = 0
    var newest: UInt64 { numbers.last ?? 0 }
  }

  struct Stream {
    let token: StreamToken
    let interest: Interest
    let framing: Framing
    let gaps: Int
    /// The numbers that it is to be sent, in this order.
    var expected: [UInt64]
  }

  let fixture: Fixture
  private var chance: SplitMix64
  private let historyCount: Int
  private let topics: [Topic]
  private let interests: [Interest]
  private(set) var logs: [Topic: Log] = [:]
  private var forgotten: [Topic: UInt64] = [:]
  private var forgottenThrough: UInt64 = 0
  /// The newest number that ever left a history.
  private var droppedThrough: UInt64 = 0
  private var events: [(topics: [Topic], isPrivate: Bool)] = []
  private(set) var streams: [Int: Stream] = [:]
  private(set) var checked = 0
  private var budget = FanOutBudget()

  private static let maximumTopics = 4

  init(seed: UInt64) {
    var chance = SplitMix64(seed: seed)
    historyCount = [0, 1, 4, 30].randomElement(using: &chance)!
    let historyCount = historyCount
    fixture = Fixture {
      $0.historyCount = historyCount
      $0.maximumTopics = InterestModelRun.maximumTopics
      $0.hasPatterns = true
      $0.listenerLag = .seconds(20)
      $0.listenerLagBytes = 3000
      if seed % 3 == 0 { $0.retainedBytes = 3000 }
    }
    fixture.flushesOnSubscribe = false
    budget.time = .seconds(3600)
    let names = (0..<7).map { Topic.named("\($0 % 2 == 0 ? "even" : "odd")/\($0)") }
    topics = names + ["r", "s"].map { .room(RoomName($0)!) }
    let selectors: [Selector] =
      topics.map { .topic($0) } + [
        .everything, .pattern(AnyTopicPattern(Prefix(text: "even/"))),
        .pattern(AnyTopicPattern(Prefix(text: "odd/"))),
      ]
    // Few, so that some share a feed.
    interests = (0..<12).map { _ in
      let count = [1, 1, 2, 3].randomElement(using: &chance)!
      let grants = [0, 0, 1, 2].randomElement(using: &chance)!
      return Interest(
        Set((0..<count).map { _ in selectors.randomElement(using: &chance)! }),
        grants: Set((0..<grants).map { _ in selectors.randomElement(using: &chance)! }))
    }
    self.chance = chance
  }

  /// Does one thing.
  func step() throws {
    switch Int.random(in: 0..<20, using: &chance) {
    case 0..<8: try publish()
    case 8..<10: try open()
    case 10..<14:
      budget.streams = Int.random(in: 1...6, using: &chance)
      _ = fixture.hub.flush(budget: budget, clock: { [now = fixture.now] in now })
    case 14..<18: giveRoom()
    case 18:
      guard streams.count > 6, let handle = streams.keys.sorted().randomElement(using: &chance)
      else { break }
      fixture.hub.remove(streams[handle]!.token, reason: .client)
    default: fixture.advance(.milliseconds(Int.random(in: 1...1500, using: &chance)))
    }
    try takeClosed()
  }

  private func publish() throws {
    let count = [1, 1, 1, 2, 3].randomElement(using: &chance)!
    let topics = (0..<count).map { _ in self.topics.randomElement(using: &chance)! }
    let isPrivate = Int.random(in: 0..<4, using: &chance) == 0
    let isTaken = fixture.append(topics, isPrivate: isPrivate)
    let event = Set(topics)
    try #require(makePlaces(for: event) == isTaken)
    guard isTaken else { return }
    events.append((topics, isPrivate))
    let number = UInt64(events.count)
    for topic in event {
      hold(topic)
      logs[topic]!.numbers.append(number)
      while logs[topic]!.numbers.count > historyCount {
        drop(logs[topic]!.numbers.removeFirst(), of: topic)
      }
      forgetIfIdle(topic)
    }
    for handle in streams.keys where gets(streams[handle]!.interest, number) {
      streams[handle]!.expected.append(number)
    }
  }

  private func open() throws {
    guard streams.count < 12 else { return }
    let interest = interests.randomElement(using: &chance)!
    let hasPlaces = fixture.hub.hasPlaces(for: interest)
    try #require(makePlaces(for: interest.topics) == hasPlaces)
    guard hasPlaces else { return }
    let framing: Framing = Bool.random(using: &chance) ? .chunked : .plain
    let known =
      Bool.random(using: &chance) ? UInt64.random(in: 0...fixture.hub.newest, using: &chance) : nil
    for topic in interest.topics { hold(topic) }
    let format = StreamFormat.allCases.randomElement(using: &chance)!
    let (handle, token) = fixture.listen(
      interest, as: format, after: known.map { "e1-\($0)" }, framing: framing,
      room: Bool.random(using: &chance) ? Int.random(in: 0...400, using: &chance) : nil)
    var expected: Set<UInt64> = []
    for (topic, log) in logs where interest.selects(topic) {
      expected.formUnion(log.numbers.filter { $0 > known ?? .max && gets(interest, $0) })
    }
    streams[handle] = Stream(
      token: token, interest: interest, framing: framing,
      gaps: known.map { gaps(interest, $0) } ?? 0, expected: expected.sorted())
    for topic in interest.topics { logs[topic]!.followers += 1 }
  }

  /// How many gaps one is told of that has everything up to `known`.
  private func gaps(_ interest: Interest, _ known: UInt64) -> Int {
    let selected = logs.filter { interest.selects($0.key) }
    if interest.namesAllItSelects { return selected.count { known < $0.value.droppedThrough } }
    if interest.selectsEverything { return known < droppedThrough ? 1 : 0 }
    let dropped = selected.values.map(\.droppedThrough).max() ?? 0
    return known < max(dropped, forgottenThrough) ? 1 : 0
  }

  private func gets(_ interest: Interest, _ number: UInt64) -> Bool {
    let event = events[Int(number) - 1]
    return event.topics.contains(where: interest.selects)
      && (!event.isPrivate || event.topics.contains(where: interest.grants))
  }

  /// Has a stream take something, or as good as nothing.
  private func giveRoom() {
    guard let handle = streams.keys.sorted().randomElement(using: &chance) else { return }
    fixture.sink[handle].room =
      Bool.random(using: &chance) ? nil : Int.random(in: 0...300, using: &chance)
    fixture.sink[handle].bite = [1, 7, 50, .max].randomElement(using: &chance)!
    fixture.hub.resume(streams[handle]!.token)
  }

  // MARK: - Topics

  private func hold(_ topic: Topic) {
    guard logs[topic] == nil else { return }
    logs[topic] = Log(droppedThrough: forgotten.removeValue(forKey: topic) ?? 0)
  }

  private func drop(_ number: UInt64, of topic: Topic) {
    logs[topic]!.droppedThrough = number
    droppedThrough = max(droppedThrough, number)
  }

  private func forgetIfIdle(_ topic: Topic) {
    guard let log = logs[topic], log.followers == 0, log.numbers.isEmpty else { return }
    forget(topic)
  }

  private func forget(_ topic: Topic) {
    let log = logs.removeValue(forKey: topic)!
    let number = max(log.droppedThrough, log.newest)
    droppedThrough = max(droppedThrough, number)
    guard number > 0 else { return }
    forgotten[topic] = number
    forgottenThrough = max(forgottenThrough, number)
  }

  /// Forgets topics as the hub has; of two that were silent equally long, the one that the hub forgot.
  private func makePlaces(for names: Set<Topic>) -> Bool {
    let new = names.count { $0.room == nil && logs[$0] == nil }
    guard new > 0 else { return true }
    while logs.keys.count(where: { $0.room == nil }) + new > Self.maximumTopics {
      let quiet = logs.filter {
        $0.key.room == nil && $0.value.followers == 0 && !names.contains($0.key)
      }
      guard let silence = quiet.values.map(\.newest).min() else { return false }
      let candidates = quiet.filter { $0.value.newest == silence }.keys
      guard let topic = candidates.first(where: { fixture.hub.table.topics[$0] == nil }) else {
        Issue.record("the hub forgot another than the quietest")
        return false
      }
      forget(topic)
    }
    return true
  }

  // MARK: - Checks

  /// The hub has what the model has.
  func check() throws {
    let topics = fixture.hub.table.topics
    try #require(Set(topics.map(\.topic)) == Set(logs.keys))
    for (name, log) in logs {
      let topic = topics[name]!
      let numbers = (0..<topic.frames.count).map { topic.frames[$0].number }
      try #require(numbers == log.numbers && topic.droppedThrough == log.droppedThrough)
      try #require(topic.isFollowed == (log.followers > 0))
    }
    try #require(fixture.hub.isLedgerRight)
    try #require(fixture.hub.counters.listeners == streams.count)
  }

  private func takeClosed() throws {
    for handle in fixture.sink.takeClosed() {
      guard let stream = streams.removeValue(forKey: handle) else { continue }
      for topic in stream.interest.topics {
        logs[topic]!.followers -= 1
        forgetIfIdle(topic)
      }
      try check(stream, handle, isOpen: false)
    }
  }

  private func check(_ stream: Stream, _ handle: Int, isOpen: Bool) throws {
    let received = try fixture.received(handle, framing: stream.framing)
    let numbers = received.numbers
    try #require(numbers.elementsEqual(stream.expected.prefix(numbers.count)))
    if isOpen {
      try #require(numbers.count == stream.expected.count)
      try #require(received.gaps.count == stream.gaps)
    }
    checked += numbers.count
  }

  /// Unblocks everybody, until all is delivered, and looks at what all have.
  func finish() throws {
    for _ in 0..<200_000 {
      for (handle, stream) in streams.sorted(by: { $0.key < $1.key }) {
        fixture.sink[handle].room = nil
        fixture.sink[handle].bite = .max
        fixture.hub.resume(stream.token)
      }
      if !fixture.hub.flush(clock: { [now = fixture.now] in now }) { break }
    }
    try takeClosed()
    try check()
    for (handle, stream) in streams { try check(stream, handle, isOpen: true) }
    fixture.hub.removeAll(reason: .drain)
    try takeClosed()
    try #require(fixture.hub.feeds.count == 0 && fixture.hub.underway == 0)
    try #require(fixture.hub.counters.retainedBytes == 0)
  }
}

@Suite struct InterestModelTests {
  @Test(arguments: 1...30 as ClosedRange<UInt64>)
  func `every stream gets what its interest says, once and in order`(seed: UInt64) throws {
    let run = InterestModelRun(seed: seed)
    for number in 0..<ModelSteps.count(usual: 2000) {
      try run.step()
      if number % 20 == 0 { try run.check() }
    }
    try run.finish()
    #expect(run.checked > 100)
  }
}
