import EventStream
import Events
import Hub
import Reactor
import TestSupport
import Testing

@testable import Handover

@Suite struct HandoverPacketTests {
  private static let room = RoomName("chat")!
  private static let topic = TopicName("https://example.com/books/1?x=小 明")!
  private static let epoch = Epoch("e1")!
  static let packets: [HandoverPacket] = [
    .hello(
      .init(
        sockets: [[.ownsPath], [], [.isAdmin], [.isAdmin, .ownsPath]], secret: Array(0..<32),
        backplane: "local")),
    .hello(.init()),
    .history(.start(epoch: epoch, newest: 1 << 43, lostThrough: 7)),
    .history(.forgotten(.room(room), through: 3)),
    .history(.topic(.room(room), droppedThrough: 1, unknownThrough: 2)),
    .history(.forgotten(.topic(topic), through: 3)),
    .history(.topic(.topic(topic), droppedThrough: 1, unknownThrough: 2)),
    .history(
      .message(
        .init(number: 9, event: .said("小明: 早安\n\0"), age: .nanoseconds(1_500_000_001)))),
    .line(number: 9, text: "小明: 早安\n\0", age: .seconds(1)),
    .key(.init(text: "k", room: room, name: "Ann"), number: 5, age: .seconds(299)),
    .key(.init(text: "k", room: room, name: nil), number: 5, age: .zero),
    .key(
      .init(text: "k", room: room, scope: KeyScope(address: "192.0.2.1", payer: "192.0.2.1")),
      number: 5, age: .zero),
    .end, .go, .ready, .loaded, .serving,
    .publish(3, .said("", by: "Ann", key: "k")), .publish(.max, .said("x")),
    .publishLine(3, room: room, text: "", name: "Ann", key: "k"),
    .publishLine(.max, room: room, text: "x", name: nil, key: nil),
    .outcome(3, .taken(EventID(epoch: epoch, number: 8))),
    .outcome(3, .refused(reason: "no place")), .outcome(3, .unknown(reason: "")),
  ]

  @Test(arguments: HandoverPacketTests.packets)
  func `what is said is understood`(packet: HandoverPacket) throws {
    #expect(try HandoverPacket(packet.packet) == packet)
  }

  @Test(arguments: HandoverPacketTests.packets)
  func `a packet cut anywhere, or with more behind it, is refused`(packet: HandoverPacket) {
    let whole = packet.packet
    for count in 0..<whole.bytes.count {
      let cut = Packet(kind: whole.kind, bytes: Array(whole.bytes[..<count]))
      #expect(throws: PacketReader.Malformed.self) { try HandoverPacket(cut) }
    }
    let more = Packet(kind: whole.kind, bytes: whole.bytes + [0])
    #expect(throws: PacketReader.Malformed.self) { try HandoverPacket(more) }
  }

  @Test func `what is no packet of ours is refused`() {
    let strange = [
      Packet(kind: 0), Packet(kind: 99), Packet(kind: 2, bytes: [UInt8](repeating: 255, count: 24)),
    ]
    for packet in strange {
      #expect(throws: PacketReader.Malformed.self) { try HandoverPacket(packet) }
    }
  }
}
