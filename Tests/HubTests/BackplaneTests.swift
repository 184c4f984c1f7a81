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

  @Test func `two callers with the same key both get through, and each may retry`() throws {
    let backplane = LocalBackplane(epoch: epoch) { _, _ in true }
    func number(_ scope: KeyScope) -> UInt64? {
      var event = Event.said("x", key: "1")
      event.keyScope = scope
      var number: UInt64?
      backplane.publish(event) { if case .taken(let id) = $0 { number = id.number } }
      return number
    }
    let client = try #require(ClientID(String(repeating: "c", count: 16)))
    let session = try #require(SenderID(String(repeating: "c", count: 16)))
    let scopes = [
      KeyScope(client: client, payer: "192.0.2.1"), KeyScope(session: session, payer: "192.0.2.1"),
      KeyScope(address: "192.0.2.1", payer: "192.0.2.1"),
      KeyScope(address: "192.0.2.2", payer: "192.0.2.2"), KeyScope(address: "unix", payer: nil),
    ]
    for _ in 1...2 { #expect(scopes.map(number) == [1, 2, 3, 4, 5]) }
    // A client that comes back from another address.
    #expect(number(KeyScope(client: client, payer: "192.0.2.9")) == 1)
  }

  @Test func `a key of 0.1.0 answers the same key of its sender, whatever the scope`() throws {
    let backplane = LocalBackplane(epoch: epoch) { _, _ in true }
    var keys = RecentKeys()
    keys.remember(.init(text: "k", room: chat, name: "Ann"), number: 7, now: .now)
    backplane.resume(epoch: epoch, newest: 9, keys: keys)
    func number(_ name: String?) -> UInt64? {
      var event = Event.said("x", by: name, key: "k")
      event.keyScope = KeyScope(address: "192.0.2.1", payer: "192.0.2.1")
      var number: UInt64?
      backplane.publish(event) { if case .taken(let id) = $0 { number = id.number } }
      return number
    }
    #expect(number("Ann") == 7)
    #expect(number(nil) == 10)
  }

  @Test func `an address over its share is refused, nobody else is, and no key is forgotten`()
    throws
  {
    var now = ContinuousClock.now
    let backplane = LocalBackplane(epoch: epoch, clock: { now }, deliver: { _, _ in true })
    func publish(_ client: Int, _ payer: String?) throws -> PublishOutcome? {
      let digits = String(client)
      let id = String(repeating: "0", count: 16 - digits.count) + digits
      var event = Event.said("x", key: "1")
      event.keyScope = KeyScope(client: try #require(ClientID(id)), payer: payer)
      var outcome: PublishOutcome?
      backplane.publish(event) { outcome = $0 }
      return outcome
    }
    let share = RecentKeys.maximumShare
    // A million give the same, but take too long in a debug build.
    let clients = 100_000
    var (taken, limited) = (0, 0)
    for client in 0..<clients {
      switch try publish(client, "192.0.2.1") {
      case .taken: taken += 1
      case .limited(_, wait: .seconds(300)): limited += 1
      default: break
      }
    }
    #expect(taken == share && limited == clients - share)
    // The first and the last that were taken may retry; others go on.
    let id = { [epoch] in EventID(epoch: epoch, number: $0) }
    #expect(try publish(0, "192.0.2.1") == .taken(id(1)))
    #expect(try publish(share - 1, "192.0.2.1") == .taken(id(UInt64(share))))
    #expect(try publish(1_000_000, "192.0.2.2") == .taken(id(UInt64(share) + 1)))
    #expect(try publish(1_000_001, nil) == .taken(id(UInt64(share) + 2)))
    now += .seconds(300)
    #expect(try publish(1_000_002, "192.0.2.1") == .taken(id(UInt64(share) + 3)))
  }

  @Test func `when all keys are taken, a post with a new key is refused, and one without is not`() {
    var now = ContinuousClock.now
    let backplane = LocalBackplane(epoch: epoch, clock: { now }, deliver: { _, _ in true })
    backplane.resume(
      epoch: epoch, newest: 0, keys: RecentKeys(maximumCount: 2, maximumShare: 1))
    func publish(_ key: String?) -> PublishOutcome? {
      var outcome: PublishOutcome?
      backplane.publish(.said("x", key: key)) { outcome = $0 }
      return outcome
    }
    let id = { [epoch] in EventID(epoch: epoch, number: $0) }
    #expect(publish("a") == .taken(id(1)))
    #expect(publish("b") == .taken(id(2)))
    #expect(publish("c") == .refused(reason: "key limit reached; the message was not published"))
    #expect(publish("a") == .taken(id(1)))
    #expect(publish(nil) == .taken(id(3)))
    now += .seconds(300)
    #expect(publish("c") == .taken(id(4)))
  }
}
