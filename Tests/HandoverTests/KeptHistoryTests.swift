import EventStream
import Events
import Hub
import Reactor
import TestSupport
import Testing

@testable import Handover

/// What one process leaves, and the next one finds.
@Suite struct KeptHistoryTests {
  private final class Process {
    let hub: Hub
    let local: LocalBackplane
    let room = RoomName("chat")!

    init(_ epoch: String) {
      let hub = Hub(
        settings: HubSettings(), epoch: Epoch(epoch)!, sink: Nobody(), now: .now)
      self.hub = hub
      local = LocalBackplane(epoch: Epoch(epoch)!) { event, number in
        hub.append(event, number: number, now: .now)
      }
    }

    func publish(_ text: String, key: String? = nil) -> EventID? {
      var id: EventID?
      local.publish(.said(text, by: "Ada", key: key)) {
        if case .taken(let taken) = $0 { id = taken }
      }
      return id
    }
  }

  private func file(
    of process: Process,
    _ hello: HandoverPacket.Hello = HandoverPacket.Hello(secret: [1, 2], backplane: "local")
  ) throws -> MemoryFile {
    let file = try MemoryFile(labelled: "test")
    try KeptHistory.write(hello, process.hub, process.local, to: file)
    return file
  }

  @Test func `the next process goes on where the last one ended`() throws {
    let old = Process("old")
    _ = old.publish("one")
    let two = old.publish(String(repeating: "two\n", count: 200_000), key: "k")
    let file = try self.file(of: old)
    let kept = try #require(try KeptHistory(file, backplane: "local"))
    #expect(kept.secret == [1, 2])
    let new = Process("new")
    kept.restore(to: new.hub, new.local)
    #expect(new.hub.newestID == old.hub.newestID)
    #expect(new.hub.counters.historyBytes == old.hub.counters.historyBytes)
    #expect(new.publish("the same again", key: "k") == two)
    #expect(new.publish("three") == EventID(epoch: Epoch("old")!, number: 3))
  }

  @Test func `what was used once is nothing any more`() throws {
    let old = Process("old")
    _ = old.publish("one")
    let file = try self.file(of: old)
    try file.clear()
    #expect(try KeptHistory(file, backplane: "local") == nil)
    #expect(try KeptHistory(MemoryFile(labelled: "empty"), backplane: "local") == nil)
  }

  @Test func `another backplane, another version, and half of it are not used`() throws {
    let old = Process("old")
    _ = old.publish("one")
    #expect(throws: KeptHistory.Unusable.self) {
      try KeptHistory(file(of: old), backplane: "redis://127.0.0.1:6379/0")
    }
    var hello = HandoverPacket.Hello(backplane: "local")
    hello.version += 1
    #expect(throws: KeptHistory.Unusable.self) {
      try KeptHistory(file(of: old, hello), backplane: "local")
    }
    var bytes: [UInt8] = []
    try file(of: old).read { bytes += $0 }
    for length in 1..<bytes.count {
      let part = try MemoryFile(labelled: "part")
      try part.append(Array(bytes[..<length]))
      #expect(throws: KeptHistory.Unusable.self, "\(length) of \(bytes.count) bytes") {
        try KeptHistory(part, backplane: "local")
      }
    }
  }

  @Test func `what is whole but can't be is not used`() throws {
    let old = Process("old")
    _ = old.publish("one", key: "k")
    var packets: [Packet] = []
    var decoder = PacketDecoder()
    try file(of: old).read { decoder.decode($0) { packets.append($0) } }
    #expect(packets.count == 7)
    let first = packets[2]
    packets.insert(first, at: 3)
    #expect(throws: KeptHistory.Unusable.self) { try history(packets) }
    packets.remove(at: 3)
    #expect(try history(packets) != nil)
    packets.swapAt(4, 5)
    #expect(throws: KeptHistory.Unusable.self) { try history(packets) }
  }

  private func history(_ packets: [Packet]) throws -> KeptHistory? {
    let file = try MemoryFile(labelled: "test")
    var bytes: [UInt8] = []
    for packet in packets { packet.encode(into: &bytes) }
    try file.append(bytes)
    return try KeptHistory(file, backplane: "local")
  }

  @Test func `with Redis the key that signs sessions is all there is`() throws {
    let old = Process("old")
    let file = try MemoryFile(labelled: "test")
    try KeptHistory.write(
      HandoverPacket.Hello(secret: [3], backplane: "redis"), old.hub, nil, to: file)
    let kept = try #require(try KeptHistory(file, backplane: "redis"))
    #expect(kept.secret == [3])
    kept.restore(to: Process("new").hub, nil)
  }
}
