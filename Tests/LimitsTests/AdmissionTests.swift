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
