internal import BelfryClient
internal import Reactor

/// The connections that publish, each one message at a time, kept alive between them.
final class Publishers {
  private struct Publisher {
    var reader = ResponseReader()
    var head: ResponseHead?
    var isBusy = false
    var lane = 0
    var due: UInt64 = 0
    var sent: UInt64 = 0
  }

  private let plan: Plan
  private let address: ClientAddress
  private let mayPublish: () -> Bool
  private let onSent: (_ lane: Int, _ number: Int, _ moment: UInt64) -> Void
  private let onDone: (Published) -> Void
  private var publishers: [Publisher]
  private var clients: ClientSet?
  private var timer: PreciseTimer?
  private var schedule: PublishSchedule?
  private var isDone = false
  /// By lane: the next message's number.
  private var numbers: [Int]
  private var published: Published
  private var nextPublisher = 0
  /// Rooms that the check of own rooms publishes to, one message each; nil before it.
  private var checkRooms: [Int]?

  /// How many messages were answered.
  private(set) var answered = 0
  private(set) var latency = LatencyHistogram()
  private(set) var delay = LatencyHistogram()

  /// - Parameter mayPublish: whether nobody has to be waited for.
  /// - Parameter onDone: gets what was published, once.
  init(
    on loop: EventLoop, plan: Plan, address: ClientAddress, mayPublish: @escaping () -> Bool,
    onSent: @escaping (_ lane: Int, _ number: Int, _ moment: UInt64) -> Void,
    onDone: @escaping (Published) -> Void
  ) throws(ReactorError) {
    self.plan = plan
    self.address = address
    self.mayPublish = mayPublish
    self.onSent = onSent
    self.onDone = onDone
    publishers = Array(repeating: Publisher(), count: plan.publishers)
    let lanes = plan.roomCount * plan.publishers
    numbers = Array(repeating: 0, count: lanes)
    published = .nothing(plan)
    if plan.needsSendTimes { published.sent = Array(repeating: [], count: lanes) }
    clients = try ClientSet(
      on: loop, capacity: plan.publishers,
      onBytes: { [unowned self] token, bytes, moment in received(token, bytes, moment) },
      onEnd: { [unowned self] token, ending in ended(token, ending) })
    timer = try PreciseTimer(on: loop) { [unowned self] in pump() }
  }

  func start(at moment: UInt64) {
    guard plan.scenario.publishes else { return }
    schedule = PublishSchedule(
      start: moment, rate: plan.rate, messages: plan.messages, duration: plan.duration)
    pump()
  }

  /// Publishes a message to each own room, as fast as they are answered, and some to the shared room
  /// between them: so listeners get messages of both at the same time.
  func checkOwnRooms(at moment: UInt64) {
    let own = Array(1..<plan.roomCount)
    let step = (own.count + Self.sharedInCheck - 1) / Self.sharedInCheck
    let rooms = own.enumerated().flatMap { index, room in
      (index + 1) % step == 0 ? [room, 0] : [room]
    }
    checkRooms = rooms
    isDone = false
    schedule = PublishSchedule(start: moment, rate: 0, messages: rooms.count, duration: 0)
    pump()
  }

  /// How many messages the check publishes to the shared room, at most.
  private static let sharedInCheck = 10

  /// Publishes what is due, as far as connections are free, and sets the timer for what comes next.
  func pump() {
    guard !isDone, schedule != nil else { return }
    while let publisher = idlePublisher, checkRooms != nil || mayPublish() {
      let now = MonotonicClock.nanoseconds
      guard let due = schedule?.take(now: now) else { break }
      publish(publisher, due: due, now: now)
    }
    guard !isDone else { return }
    let now = MonotonicClock.nanoseconds
    guard let due = schedule?.nextDue(now: now) else {
      if publishers.allSatisfy({ !$0.isBusy }) { finish() }
      return
    }
    if due > now, idlePublisher != nil { timer?.set(at: due) }
  }

  private var idlePublisher: Int? {
    for step in publishers.indices {
      let candidate = (nextPublisher + step) % publishers.count
      if !publishers[candidate].isBusy { return candidate }
    }
    return nil
  }

  private func publish(_ token: Int, due: UInt64, now: UInt64) {
    nextPublisher = (token + 1) % publishers.count
    let place = (schedule?.taken ?? 1) - 1
    let room = checkRooms?[place] ?? place % plan.rooms
    let lane = room * plan.publishers + token
    let number = numbers[lane]
    let message = Message(run: plan.run, lane: lane, number: number, due: due, sent: now)
    let text = message.text(size: size(lane, number))
    let request = plan.target.publishRequest(room: plan.name(ofRoom: room), message: text)
    numbers[lane] += 1
    if plan.needsSendTimes { published.sent[lane].append(now) }
    publishers[token].isBusy = true
    publishers[token].lane = lane
    publishers[token].due = due
    publishers[token].sent = now
    publishers[token].reader = ResponseReader()
    publishers[token].head = nil
    if checkRooms == nil { delay.record(nanoseconds: now - due) }
    onSent(lane, number, now)
    guard clients?.isOpen(token) != true else {
      clients?.send(token, request)
      return
    }
    do throws(ReactorError) {
      try clients?.connect(token, to: address, sending: request)
    } catch {
      fail("publishing: \(Limits.advice(for: error, plan) ?? "\(error)")")
    }
  }

  /// Somewhere in the range asked for, the same for every run.
  private func size(_ lane: Int, _ number: Int) -> Int {
    guard plan.sizes.count > 1 else { return plan.sizes.lowerBound }
    let random = (UInt64(lane) << 32 | UInt64(number)) &* 0x9E37_79B9_7F4A_7C15
    return plan.sizes.lowerBound + Int(random >> 33) % plan.sizes.count
  }

  // MARK: Answers

  private func received(_ token: Int, _ bytes: Span<UInt8>, _ moment: UInt64) {
    var index = 0
    while true {
      do throws(ResponseError) {
        switch try publishers[token].reader.next(bytes, &index) {
        case .needsMore: return
        case .head(let head):
          guard (200...299).contains(head.status) else {
            return fail(
              "POST \(plan.target.publish.path) was answered \(head.status) \(head.reason)")
          }
          publishers[token].head = head
        case .body, .chunkEnd: continue
        case .end:
          guard index == bytes.count, publishers[token].isBusy else {
            return fail("POST \(plan.target.publish.path) was answered twice")
          }
          if publishers[token].head?.keepsConnection != true { clients?.close(token) }
          return answer(token, moment)
        }
      } catch {
        return fail("POST \(plan.target.publish.path): \(error)")
      }
    }
  }

  private func answer(_ token: Int, _ moment: UInt64) {
    let publisher = publishers[token]
    publishers[token].isBusy = false
    if checkRooms == nil { latency.record(nanoseconds: moment - publisher.due) }
    published.counts[publisher.lane] += 1
    answered += 1
    pump()
  }

  private func ended(_ token: Int, _ ending: ClientSet.Ending) {
    guard publishers[token].isBusy else { return }
    if ending == .closed, publishers[token].head != nil, publishers[token].reader.mayEndHere {
      answer(token, MonotonicClock.nanoseconds)
    } else {
      fail("POST \(plan.target.publish.path) on \(plan.target.publish.address): \(ending)")
    }
  }

  // MARK: Ending

  /// To be called often: gives up on an answer that does not come.
  func tick(now: UInt64) {
    guard !isDone, schedule != nil else { return }
    pump()
    for publisher in publishers where publisher.isBusy {
      guard now > publisher.sent, Double(now - publisher.sent) > plan.patience * 1e9 else {
        continue
      }
      return fail(
        "POST \(plan.target.publish.path) was not answered within "
          + "\(Text.number(plan.patience)) s")
    }
  }

  /// Publishes no more; what was asked already is waited for no longer.
  func stop(because reason: String? = nil) {
    guard !isDone else { return }
    if published.failure == nil { published.failure = reason }
    finish()
  }

  private func fail(_ reason: String) { stop(because: reason) }

  private func finish() {
    isDone = true
    published.attempted = numbers
    onDone(published)
  }
}
