import Events
import Reactor
import TestSupport
import Testing

@testable import Limits

@Suite struct AdmissionTests {
  private let start = ContinuousClock.now

  private func make(
    room: Int = 1000, _ change: (inout AdmissionLimits) -> Void
  ) -> Admission {
    var limits = AdmissionLimits()
    change(&limits)
    return Admission(limits, room: room, now: start)
  }

  private func peer(_ text: String) throws -> Peer { .address(try #require(IPAddress(text))) }

  @Test(arguments: 0..<10 as Range<UInt64>)
  func `listeners of an address are counted as a list of the open ones says`(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let admission = make { $0.listenersPerAddress = 3 }
    let peers = try (0..<6).map { try peer("10.0.0.\($0)") } + [.unix]
    var open: [(descriptor: Int32, peer: Peer)] = []
    for _ in 0..<600 {
      if open.isEmpty || Bool.random(using: &random) {
        let peer = peers.randomElement(using: &random)!
        let isFull = peer != .unix && open.count { $0.peer == peer } >= 3
        let refusal = admission.refusal(ofListener: peer, open: open.count)
        #expect(refusal == (isFull ? .listenersOfAddress : nil))
        guard refusal == nil else { continue }
        // The lowest that is free, as the kernel gives them.
        let taken = Set(open.map(\.descriptor))
        let descriptor = Int32((5...).first { !taken.contains(Int32($0)) }!)
        admission.opened(StreamSocket(descriptor: descriptor), by: peer)
        open.append((descriptor, peer))
      } else {
        let gone = open.remove(at: Int.random(in: open.indices, using: &random))
        admission.closed(StreamSocket(descriptor: gone.descriptor))
      }
      #expect(admission.listeningAddresses == Set(open.map(\.peer)).subtracting([.unix]).count)
    }
  }

  @Test func `there are no more listeners than descriptors, whatever the limit`() throws {
    let one = try peer("10.0.0.1")
    let roomy = make(room: 10) { $0.listeners = 1000 }
    #expect(roomy.refusal(ofListener: one, open: 9) == nil)
    #expect(roomy.refusal(ofListener: one, open: 10) == .listeners)
    let tight = make(room: 10) { $0.listeners = 4 }
    #expect(tight.refusal(ofListener: one, open: 4) == .listeners)
    #expect(make(room: 10) { _ in }.refusal(ofListener: one, open: 10) == .listeners)
  }

  @Test func `a message must have a token of its address and one of its name`() throws {
    let admission = make { $0.postRate = Rate(2, per: .seconds(10)) }
    let (one, two) = (try peer("10.0.0.1"), try peer("10.0.0.2"))
    func post(_ peer: Peer, _ name: String?, after time: Duration = .zero) -> RefusalReason? {
      admission.post(by: peer, as: name, now: start + time)?.reason
    }
    #expect(post(one, "Ann") == nil)
    #expect(post(two, "Ann") == nil)
    #expect(post(one, "Ann") == .postsOfName)
    // The address was not charged for that.
    #expect(post(one, "Bob") == nil)
    #expect(post(one, "Cid") == .postsOfAddress)
    #expect(post(one, nil) == .postsOfAddress)
    #expect(post(two, nil) == nil)
    #expect(post(.unix, "Ann", after: .seconds(5)) == nil)
    #expect(post(.unix, "Ann", after: .seconds(5)) == .postsOfName)
    for _ in 0..<100 { #expect(post(.unix, nil) == nil) }
    #expect(
      admission.post(by: one, as: nil, now: start)! == (.postsOfAddress, .seconds(5)))
  }

  private func rooms(_ names: String...) -> [RoomName] { names.map { RoomName($0)! } }

  @Test func `a stream costs its address as many tokens as it creates rooms`() throws {
    let admission = make { $0.newNamesRate = Rate(6, per: .seconds(60)) }
    let (one, two) = (try peer("10.0.0.1"), try peer("10.0.0.2"))
    #expect(admission.create(rooms("a", "b", "c", "d"), by: one, now: start) == nil)
    // The whole stream is refused, and none of its rooms is paid for.
    let refusal = try #require(
      admission.create(rooms("e", "f", "g", "h"), by: one, now: start))
    #expect(refusal == (.newNames, .seconds(20)))
    #expect(admission.create(rooms("e", "f"), by: one, now: start) == nil)
    #expect(try #require(admission.create(rooms("g"), by: one, now: start)).wait == .seconds(10))
    #expect(admission.create([], by: one, now: start) == nil)
    #expect(admission.create(rooms("g", "h"), by: two, now: start) == nil)
    #expect(admission.create(rooms("i"), by: one, now: start + .seconds(10)) == nil)
    for number in 0..<100 {
      #expect(admission.create(rooms("u\(number)"), by: .unix, now: start) == nil)
    }
  }

  @Test func `a stream of more new rooms than a full bucket has waits for a full one`() throws {
    let admission = make { $0.newNamesRate = Rate(2, per: .seconds(10)) }
    let one = try peer("10.0.0.1")
    #expect(admission.create(rooms("a", "b", "c"), by: one, now: start) == nil)
    let refusal = try #require(admission.create(rooms("d", "e", "f"), by: one, now: start))
    #expect(refusal == (.newNames, .seconds(10)))
    #expect(
      admission.create(rooms("d", "e", "f"), by: one, now: start + .seconds(10)) == nil)
  }

  @Test func `a room that was paid for is not new within the period, whoever asks`() throws {
    let admission = make { $0.newNamesRate = Rate(1, per: .seconds(60)) }
    let (one, two) = (try peer("10.0.0.1"), try peer("10.0.0.2"))
    func post(_ peer: Peer, _ room: String, after time: Duration = .zero) -> RefusalReason? {
      admission.post(by: peer, as: nil, unheld: RoomName(room), now: start + time)?.reason
    }
    #expect(post(one, "a") == nil)
    for seconds in 0..<60 { #expect(post(one, "a", after: .seconds(seconds)) == nil) }
    #expect(post(two, "a") == nil)
    #expect(post(two, "b") == nil)
    #expect(post(two, "c") == .newNames)
    admission.advance(to: start + .seconds(60))
    admission.advance(to: start + .seconds(120))
    #expect(post(one, "d", after: .seconds(120)) == nil)
    #expect(post(one, "a", after: .seconds(120)) == .newNames)
  }

  @Test func `a message over one rate costs no token of the other`() throws {
    let admission = make {
      $0.postRate = Rate(2, per: .seconds(10))
      $0.newNamesRate = Rate(1, per: .seconds(10))
    }
    let one = try peer("10.0.0.1")
    func post(_ room: String?, after time: Duration = .zero) -> RefusalReason? {
      admission.post(by: one, as: nil, unheld: room.flatMap { RoomName($0) }, now: start + time)?
        .reason
    }
    #expect(post("a") == nil)
    for _ in 0..<5 { #expect(post("b") == .newNames) }
    #expect(post(nil) == nil)
    #expect(post("b") == .postsOfAddress)
    #expect(post("b", after: .seconds(10)) == nil)
  }

  @Test func `a new rate of new names is in effect at once, and leaves other buckets alone`() throws
  {
    let admission = make { $0.postRate = Rate(1, per: .seconds(10)) }
    let one = try peer("10.0.0.1")
    #expect(admission.create(rooms("a", "b", "c"), by: one, now: start) == nil)
    #expect(admission.post(by: one, as: nil, now: start) == nil)
    var limits = admission.limits
    limits.newNamesRate = Rate(1, per: .seconds(10))
    admission.change(to: limits, now: start)
    #expect(admission.post(by: one, as: nil, now: start)?.reason == .postsOfAddress)
    #expect(admission.create(rooms("d"), by: one, now: start) == nil)
    #expect(admission.create(rooms("e"), by: one, now: start)?.reason == .newNames)
    limits.newNamesRate = nil
    admission.change(to: limits, now: start)
    #expect(admission.create(rooms("e"), by: one, now: start) == nil)
  }

  @Test func `new limits hold for who comes, and who is here stays counted`() throws {
    let admission = make { $0.listenersPerAddress = 2 }
    let one = try peer("10.0.0.1")
    for descriptor: Int32 in 5..<7 {
      admission.opened(StreamSocket(descriptor: descriptor), by: one)
    }
    var limits = AdmissionLimits()
    admission.change(to: limits, now: start)
    #expect(admission.refusal(ofListener: one, open: 2) == nil)
    admission.opened(StreamSocket(descriptor: 7), by: one)
    limits.listenersPerAddress = 2
    admission.change(to: limits, now: start)
    #expect(admission.refusal(ofListener: one, open: 3) == .listenersOfAddress)
    admission.closed(StreamSocket(descriptor: 7))
    admission.closed(StreamSocket(descriptor: 5))
    #expect(admission.refusal(ofListener: one, open: 1) == nil)
    admission.closed(StreamSocket(descriptor: 6))
    #expect(admission.listeningAddresses == 0)
  }

  @Test func `without limits nobody is remembered`() throws {
    let admission = make { _ in }
    let one = try peer("10.0.0.1")
    admission.opened(StreamSocket(descriptor: 5), by: one)
    #expect(admission.listeningAddresses == 0)
    for _ in 0..<100 { #expect(admission.post(by: one, as: "Ann", now: start) == nil) }
    admission.closed(StreamSocket(descriptor: 5))
  }
}
