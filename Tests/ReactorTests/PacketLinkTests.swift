import Reactor
import TestSupport
import Testing

@Suite struct PacketLinkTests {
  /// Two links on one loop, and what each has heard.
  private final class Pair {
    let loop: EventLoop
    var left: PacketLink?
    var right: PacketLink?
    var heard: [Packet] = []
    var rooms = 0
    var hasEnded = false

    init() throws {
      loop = try EventLoop()
      let (one, other) = try PacketLink.makePair()
      left = try PacketLink(
        one, on: loop, onPacket: { _ in }, onRoom: { [unowned self] in rooms += 1 }, onEnd: {})
      right = try PacketLink(
        other, on: loop, onPacket: { [unowned self] in heard.append($0) },
        onEnd: { [unowned self] in hasEnded = true })
    }

    func run(until isDone: @escaping () -> Bool) throws {
      let end = ContinuousClock.now + .seconds(Client.patience)
      let ticker = try LoopEvent(on: loop, every: .milliseconds(10)) {}
      loop.run {
        if isDone() || ContinuousClock.now > end { loop.stop() }
        return false
      }
      withExtendedLifetime(ticker) {}
      #expect(isDone())
    }
  }

  @Test func `packets of any size arrive whole and in order`() throws {
    let pair = try Pair()
    let packets = (0..<200).map { number in
      Packet(kind: UInt8(number), bytes: [UInt8](repeating: UInt8(number), count: number * number))
    }
    pair.left?.send(packets[0])
    pair.left?.send(Array(packets[1..<150]))
    for packet in packets[150...] { pair.left?.send(packet) }
    try pair.run { pair.heard.count == 200 }
    #expect(pair.heard == packets)
  }

  @Test func `whoever waits for room is told once, when everything is sent`() throws {
    let pair = try Pair()
    pair.left?.send(Packet(kind: 1, bytes: [UInt8](repeating: 7, count: 3 << 20)))
    pair.left?.awaitRoom()
    #expect(pair.rooms == 0)
    try pair.run { pair.heard.count == 1 && pair.rooms == 1 }
    #expect(pair.heard[0].bytes.count == 3 << 20)
    pair.left?.send(Packet(kind: 2))
    pair.left?.awaitRoom()
    try pair.run { pair.rooms == 2 && pair.heard.count == 2 }
  }

  @Test func `the end is heard after the last packet, and sending into nothing is harmless`() throws
  {
    let pair = try Pair()
    pair.left?.send(Packet(kind: 1, bytes: [1, 2, 3]))
    pair.left = nil
    try pair.run { pair.hasEnded }
    #expect(pair.heard == [Packet(kind: 1, bytes: [1, 2, 3])])
    pair.right?.send(Packet(kind: 2))
    pair.right = nil
  }
}
