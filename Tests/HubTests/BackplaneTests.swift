import EventStream
import Events
import Hub
import TestSupport
import Testing

@Suite struct BackplaneTests {
  private let epoch = Epoch("e1")!
  private let chat = RoomName("chat")!

  @Test func `the same key within five minutes publishes once and answers as the first time`() {
    var now = ContinuousClock.now
    var published: [String] = []
    let backplane = LocalBackplane(
      epoch: epoch, clock: { now },
      deliver: { event, _ in
        published.append(event.data)
        return true
      })
    func publish(_ text: String, name: String? = "Ann", room: String = "chat", key: String? = "k")
      -> PublishOutcome?
    {
      var outcome: PublishOutcome?
      backplane.publish(
        .said(text, in: room, by: name, key: key)
      ) { outcome = $0 }
      return outcome
    }
    #expect(publish("1") == .taken(EventID(epoch: epoch, number: 1)))
    now += .seconds(299)
    #expect(publish("2") == .taken(EventID(epoch: epoch, number: 1)))
    // Another sender's key, another room's, another, and none at all.
    #expect(publish("3", name: nil) == .taken(EventID(epoch: epoch, number: 2)))
    #expect(publish("4", room: "b") == .taken(EventID(epoch: epoch, number: 3)))
    #expect(publish("5", key: "l") == .taken(EventID(epoch: epoch, number: 4)))
    #expect(publish("6", key: nil) == .taken(EventID(epoch: epoch, number: 5)))
    now += .seconds(1)
    #expect(publish("7") == .taken(EventID(epoch: epoch, number: 6)))
    #expect(published == ["1", "3", "4", "5", "6", "7"])
  }

  @Test func `with a successor it takes nothing by itself, and without it goes on as before`() {
    var published: [UInt64] = []
    let backplane = LocalBackplane(epoch: epoch) { _, number in
      published.append(number)
      return true
    }
    var outcomes: [PublishOutcome] = []
    func publish(_ key: String? = nil) {
      backplane.publish(.said("x", key: key)) { outcomes.append($0) }
    }
    publish("k")
    var asked: [Event] = []
    backplane.setSuccessor { event, completion in
      asked.append(event)
      completion(.refused(reason: "later"))
    }
    publish()
    publish("k")
    #expect(published == [1] && asked.map(\.key) == [nil, "k"])
    #expect(outcomes.dropFirst().allSatisfy { $0 == .refused(reason: "later") })
    backplane.setSuccessor(nil)
    publish("k")
    publish()
    #expect(outcomes.suffix(2) == [1, 2].map { .taken(EventID(epoch: epoch, number: $0)) })
  }

  @Test func `a successor goes on with the numbers and the keys`() {
    var now = ContinuousClock.now
    let first = LocalBackplane(epoch: epoch, clock: { now }, deliver: { _, _ in true })
    for key in ["a", "b", nil] {
      first.publish(.said("x", by: "Ann", key: key)) { _ in }
      now += .seconds(100)
    }
    var keys = RecentKeys()
    for place in 0..<first.keys.count {
      let (key, number, time) = first.keys.entry(at: place)
      keys.remember(key, number: number, now: time)
    }
    let second = LocalBackplane(
      epoch: Epoch("e2")!, clock: { now }, deliver: { _, _ in true })
    second.resume(epoch: epoch, newest: 3, keys: keys)
    var numbers: [UInt64] = []
    for key in ["a", "b", nil] {
      second.publish(.said("x", by: "Ann", key: key)) { outcome in
        if case .taken(let id) = outcome, id.epoch == epoch { numbers.append(id.number) }
      }
    }
    // `a` is five minutes old.
    #expect(numbers == [4, 2, 5])
  }

  @Test func `a refused message leaves its key free`() {
    var isFull = true
    let backplane = LocalBackplane(epoch: epoch) { _, _ in !isFull }
    var outcomes: [PublishOutcome] = []
    let event = Event.said("x", key: "k")
    backplane.publish(event) { outcomes.append($0) }
    isFull = false
    backplane.publish(event) { outcomes.append($0) }
    #expect(outcomes.count == 2 && outcomes[1] == .taken(EventID(epoch: epoch, number: 1)))
  }

  @Test func `remembered keys are bounded, and the oldest go first`() {
    var keys = RecentKeys()
    let now = ContinuousClock.now
    func key(_ number: Int) -> RecentKeys.Key {
      RecentKeys.Key(text: "\(number)", room: chat, name: nil)
    }
    for number in 0..<RecentKeys.maximumCount + 10 {
      keys.remember(key(number), number: UInt64(number), now: now)
    }
    #expect(keys.number(of: key(9), now: now) == nil)
    #expect(keys.number(of: key(10), now: now) == 10)
  }
}
