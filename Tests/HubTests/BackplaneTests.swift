import EventStream
import Hub
import Testing

@Suite struct BackplaneTests {
  private let epoch = Epoch("e1")!
  private let chat = RoomName("chat")!

  @Test func `the same key within five minutes publishes once and answers as the first time`() {
    var now = ContinuousClock.now
    var published: [String] = []
    let backplane = LocalBackplane(
      epoch: epoch, clock: { now },
      deliver: { text, _, _ in
        published.append(text)
        return true
      })
    func publish(_ text: String, name: String? = "Ann", room: String = "chat", key: String? = "k")
      -> PublishOutcome?
    {
      var outcome: PublishOutcome?
      backplane.publish(
        Publication(room: RoomName(room)!, text: text, name: name, key: key)
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

  @Test func `a refused message leaves its key free`() {
    var isFull = true
    let backplane = LocalBackplane(epoch: epoch) { _, _, _ in !isFull }
    var outcomes: [PublishOutcome] = []
    let publication = Publication(room: chat, text: "x", key: "k")
    backplane.publish(publication) { outcomes.append($0) }
    isFull = false
    backplane.publish(publication) { outcomes.append($0) }
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
