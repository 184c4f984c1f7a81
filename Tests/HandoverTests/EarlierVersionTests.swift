import EventStream
import Events
import Foundation
import Hub
import Reactor
import TestSupport
import Testing

@testable import Handover

/// What earlier versions hand on, as it was recorded (Fixtures/record).
@Suite struct EarlierVersionTests {
  private static func recorded(_ name: String) throws -> [UInt8] {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    return Array(try Data(contentsOf: folder.appendingPathComponent("Fixtures/\(name)")))
  }

  /// The events of each room in a hub, as they would be handed on, oldest first.
  private func events(of hub: Hub) -> [String: [Event]] {
    var snapshot = hub.snapshot(now: .now)
    var events: [String: [Event]] = [:]
    while let record = snapshot.next() {
      if case .message(let message) = record {
        events[message.event.room?.text ?? "", default: []].append(message.event)
      }
    }
    return events
  }

  private func hub() -> Hub {
    Hub(settings: HubSettings(), epoch: Epoch("new")!, sink: Nobody(), now: .now)
  }

  private func check(_ hub: Hub) throws {
    #expect(hub.newest == 4)
    let events = events(of: hub)
    let texts = events.mapValues { $0.map { String($0.data.dropFirst("[12:00:00] ".count)) } }
    #expect(texts["chat"] == ["anonymous: one", "Ann: two\nlines", "Ann: [[four]]"])
    #expect(texts["ops"] == ["anonymous: drei: üöä 🔔"])
    // They are lines already, and are shown as they are.
    #expect(events.values.joined().allSatisfy { !$0.isChat && $0.sender == nil })
  }

  @Test func `the history that 0.1.0 leaves is used`() throws {
    let file = try MemoryFile(labelled: "test")
    try file.append(try Self.recorded("0.1.0-kept.bin"))
    let kept = try #require(try KeptHistory(file, backplane: "local"))
    #expect(kept.secret?.count == 32)
    let hub = hub()
    let local = LocalBackplane(epoch: Epoch("new")!) { event, number in
      hub.append(event, number: number, now: .now)
    }
    kept.restore(to: hub, local)
    try check(hub)
    local.publish(.said("next")) { outcome in
      #expect(outcome == .taken(EventID(epoch: hub.epoch, number: 5)))
    }
  }

  @Test func `what 0.1.0 hands on in a takeover is understood`() throws {
    var packets: [HandoverPacket] = []
    var decoder = PacketDecoder()
    decoder.decode(try Self.recorded("0.1.0-takeover.bin")) { packet in
      #expect(throws: Never.self) { packets.append(try HandoverPacket(packet)) }
    }
    #expect(decoder.isBetweenPackets)
    guard case .hello(let hello)? = packets.first else {
      Issue.record("the first packet is no hello")
      return
    }
    #expect(hello.version == 2 && HandoverPacket.Hello.versions.contains(2))
    #expect(hello.sockets.count == 1 && hello.backplane == "local")
    #expect(packets.suffix(2) == [.end, .go])
    let hub = hub()
    var upgrade = LineUpgrade()
    var keys: [String] = []
    for packet in packets {
      if let record = upgrade.record(packet) { hub.restore(record, now: .now) }
      if case .key(let key, _, _) = packet { keys.append(key.text) }
    }
    try check(hub)
    #expect(keys.sorted() == ["k1", "k2"])
  }
}
