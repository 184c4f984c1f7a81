import EventStream
import Events
import Reactor
import TestSupport
import Testing

@testable import RedisBackplane

@Suite struct RedisMessageTests {
  private func envelope(_ head: String, _ event: Event = .said("x")) -> RedisEnvelope? {
    RedisEnvelope(Array("\(head)\n".utf8) + event.encoded)
  }

  @Test func `an envelope is read to the byte`() throws {
    let event = Event.said("a\nb", by: "Ann", key: "k")
    let read = try #require(envelope("2 e1-17 ?4 99", event))
    #expect(read.id == EventID("e1-17") && read.predecessor == .unknown(through: 4))
    #expect(read.line == LineHash(rawValue: 99) && read.event == event)
    #expect(RedisEnvelope(Array("2 e1-17 16 99\n".utf8) + event.encoded.dropLast()) == nil)
    #expect(RedisEnvelope(Array("2 e1-17 16 99\n".utf8) + event.encoded + [0]) == nil)
  }

  @Test(arguments: [
    "", "2", "1 e1-1 0 0", "2 e1 0 0", "2 e1-1 x 0", "2 e1-1 ? 0", "2 e1-1 0 x", "2 e1-1 0 -1",
    "2 e1-1 0", "2 e1-1 0 ", "2\ne1-1 0 0", "2 e1-1 0\n0", "2 e1-1 0 0 0", "2  e1-1 0 0",
    "2 e1-18446744073709551615 0 0", "2 e1-8796093022209 0 0",
  ])
  func `what is no envelope is not taken for one`(head: String) {
    #expect(envelope(head) == nil)
  }

  @Test func `a line's hash is FNV-1a's`() {
    // https://datatracker.ietf.org/doc/html/draft-eastlake-fnv-21, section 8
    #expect(LineHash(of: []).rawValue == 0xCBF2_9CE4_8422_2325)
    #expect(LineHash(of: "foobar".utf8).rawValue == 0x8594_4171_F739_67E8)
  }

  @Test func `a message's predecessor says how it follows`() {
    #expect(Predecessor.number(5).continuity(after: 5, seen: 8) == .unbroken)
    #expect(Predecessor.number(7).continuity(after: 5, seen: 8) == .lost)
    #expect(Predecessor.number(4).continuity(after: 5, seen: 8) == .forked)
    #expect(Predecessor.unknown(through: 5).continuity(after: 5, seen: 0) == .unbroken)
    #expect(Predecessor.unknown(through: 8).continuity(after: 5, seen: 8) == .unbroken)
    #expect(Predecessor.unknown(through: 9).continuity(after: 5, seen: 8) == .unknown)
    #expect(Predecessor.unknown(through: 4).continuity(after: 5, seen: 8) == .forked)
  }

  private func text(_ text: String) -> RedisReply { .string(Array(text.utf8)) }

  @Test func `a page is read, and what is none is not taken for one`() throws {
    func entry(_ id: String, _ fields: [RedisReply]) -> RedisReply {
      .array([text(id), .array(fields)])
    }
    func reply(_ entries: [RedisReply]) -> RedisReply {
      .array([
        text("e1"), text("9"), text("2"), text("8"), .integer(1), text("5000"), .array(entries),
      ])
    }
    let event = Event.said("line", by: "Ann")
    let good = ["t", "4000", "p", "7", "e"].map(text) + [.string(event.encoded)]
    let page = try #require(RedisPage(reply([entry("8-0", good)])))
    #expect(page.epoch == Epoch("e1") && page.newest == 9 && page.floor == 2)
    #expect(page.roomNewest == 8 && !page.isLast)
    #expect(
      page.messages == [
        RedisMessage(number: 8, predecessor: .number(7), event: event, age: .seconds(1))
      ])
    #expect(RedisPage(reply([entry("8-1", good)])) == nil)
    #expect(RedisPage(reply([entry("x-0", good)])) == nil)
    #expect(RedisPage(reply([entry("8-0", Array(good.dropLast()))])) == nil)
    #expect(RedisPage(reply([.null])) == nil)
    #expect(RedisPage(.null) == nil && RedisPage(.array([])) == nil)
    #expect(RedisPage(.error("ERR")) == nil)
  }

  @Test func `a marker is read, and what is none is not taken for one`() {
    #expect(
      RedisMarker(Array("3 e1 9".utf8))
        == RedisMarker(token: 3, epoch: Epoch("e1")!, newest: 9))
    for text in ["", "3 e1", "3 E1 9", "x e1 9", "3 e1 -9", "3 e1 9 9", "3 e1 9999999999999999"] {
      #expect(RedisMarker(Array(text.utf8)) == nil)
    }
  }

  @Test func `no room's name reaches our channels, and no database another's`() throws {
    let names = RedisNames(database: 3, node: "n1")
    let chat = RoomName("chat")!
    #expect(names.channels(of: chat) == ["belfry/v2/3/chat", "chat"])
    #expect(names.nodeChannel == "belfry/v2/3/node/n1")
    #expect(RoomName("node/n1") == nil && RoomName("belfry/v2/3/chat") == nil)
    var keys: Set<String> = []
    for (room, name) in [("chat", nil), ("chat", ""), ("chat", "Ann"), ("b", "Ann")] {
      var event = Event.said("x", in: room)
      event.sender = name.map { Sender(name: $0) }
      #expect(names.key(of: event) == nil)
      event.key = "k"
      keys.insert(try #require(names.key(of: event)))
    }
    for scope in ["c/1", "s/1", "a/1", "a/"] {
      var event = Event.said("x", by: "Ann", key: "k")
      event.keyScope = KeyScope(encoded: scope)
      keys.insert(try #require(names.key(of: event)))
    }
    #expect(keys.count == 8)
    keys.formUnion([
      names.history, names.rooms, names.nodes, names.stream(of: chat, in: Epoch("e")),
    ])
    #expect(keys.count == 12 && keys.allSatisfy { $0.hasPrefix("belfry/v2/3/{belfry}/") })
  }

  @Test func `no deployment has a name of another's, whatever its prefix`() {
    let prefixes = [nil, "belfry", "belfry/v2/3", "a", "a/belfry/v2/3", "a/belfry/v2/3/node"]
    let rooms = ["chat", "node", "n1"].compactMap { RoomName($0) }
    var names: [String] = []
    for prefix in prefixes {
      for database in [0, 3] {
        let own = RedisNames(database: database, prefix: prefix, hasPlainLines: false, node: "n1")
        names += [own.nodeChannel, own.history, own.rooms, own.nodes]
        names += rooms.flatMap { own.channels(of: $0) + [own.stream(of: $0, in: Epoch("e1"))] }
        if let prefix { #expect(names.suffix(10).allSatisfy { $0.hasPrefix(prefix + "/") }) }
      }
    }
    #expect(Set(names).count == 2 * 10 * prefixes.count)
  }

  @Test func `an envelope without a plain line says so`() throws {
    let event = Event.said("x")
    let bytes = { (hash: String) in Array("2 e1-7 3 \(hash)\n".utf8) + event.encoded }
    let envelope = try #require(RedisEnvelope(bytes("-")))
    #expect(envelope.line == nil && envelope.event == event && envelope.id.number == 7)
    #expect(RedisEnvelope(bytes("17"))?.line == LineHash(rawValue: 17))
    for hash in ["", "--", "-1", "x"] { #expect(RedisEnvelope(bytes(hash)) == nil) }
  }

  @Test func `an answer to a publish is an id, with rooms pushed out, or another epoch`() {
    func string(_ text: String) -> RedisReply { .string(Array(text.utf8)) }
    func answer(_ parts: String...) -> RedisAnswer? { RedisAnswer(.array(parts.map(string))) }
    let id = EventID(epoch: Epoch("e1")!, number: 7)
    #expect(RedisAnswer(string("e1-7")) == .taken(id, pushedOut: []))
    let rooms = ["a", "d"].compactMap { RoomName($0) }
    #expect(answer("e1-7", "a", "b/c", "d") == .taken(id, pushedOut: rooms))
    #expect(answer("e1") == .another(id.epoch))
    #expect(RedisAnswer(string("e1")) == nil && answer("e1", "a") == nil && answer() == nil)
    #expect(RedisAnswer(.null) == nil && RedisAnswer(.integer(7)) == nil)
  }
}
