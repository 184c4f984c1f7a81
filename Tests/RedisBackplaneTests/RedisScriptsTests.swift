import Events
import Foundation
import TestSupport
import Testing

@testable import RedisBackplane

/// The scripts in a real Redis, without a node.
@Suite(.serialized) struct RedisScriptsTests {
  let redis: RedisServer
  let client: RedisClient

  init() throws {
    redis = try RedisServer()
    client = try redis.client()
    try client.ask("SELECT", "3")
  }

  /// Publishes as a node does: when the history is another one than it knows, it asks once more.
  private func publish(
    _ text: String = "x", room: String = "chat", known: (String, Int) = ("", 0),
    run: String = "r1", seed: String = "seed", count: Int = 1000, age: Int = 3_600_000,
    rooms: Int = 1000, key: String? = nil
  ) throws -> (epoch: String, number: Int) {
    let answer = try answer(
      text, room: room, known: known, run: run, seed: seed, count: count, age: age, rooms: rooms,
      key: key)
    let parts = answer.split { $0 == "-" || $0 == "\n" }
    if parts.count == 1 {
      #expect(answer != known.0)
      return try publish(
        text, room: room, known: (answer, 0), run: run, seed: seed, count: count, age: age,
        rooms: rooms, key: key)
    }
    try #require(parts.count >= 2, "\(answer)")
    return (String(parts[0]), try #require(Int(parts[1])))
  }

  private func answer(
    _ text: String, room: String = "chat", known: (String, Int) = ("", 0), run: String = "r1",
    seed: String = "seed", count: Int = 1000, age: Int = 3_600_000, rooms: Int = 1000,
    key: String? = nil
  ) throws -> String {
    try evaluate(
      RedisScripts.publish,
      keys: [history, self.rooms, stream(room, in: known.0)] + (key.map { [self.key($0)] } ?? []),
      [
        seed, run, "belfry/v2/3/", "\(count)", "\(age)", "\(rooms)", known.0, "\(known.1)", room,
        text, "99", "line of \(text)",
      ])
  }

  private func askToLoad(
    room: String = "chat", after: Int = 0, known: (String, Int) = ("", 0), lost: String = ""
  ) throws -> String {
    try evaluate(
      RedisScripts.load,
      keys: [history, rooms, room == "" ? names.nodes : stream(room, in: known.0)],
      [
        known.0, "\(known.1)", lost, "seed", "r1", names.nodeChannel, room, "\(after)", "n1", "7",
      ])
  }

  private func evaluate(_ script: String, keys: [String], _ arguments: [String]) throws -> String {
    try client.ask(
      (["EVAL", script, "\(keys.count)"] + keys + arguments).map { Array($0.utf8) })
  }

  private let names = RedisNames(database: 3, node: "n1")
  private var history: String { names.history }
  private var rooms: String { names.rooms }

  private func stream(_ room: String, in epoch: String) -> String {
    RoomName(room).map { names.stream(of: $0, in: Epoch(epoch)) } ?? ""
  }

  private func key(_ key: String) -> String {
    var event = Event.said("x")
    event.key = key
    return names.key(of: event) ?? ""
  }

  /// Redis' own time, in milliseconds.
  private func time() throws -> Int {
    let parts = try client.ask("TIME").split(separator: "\n").compactMap { Int($0) }
    try #require(parts.count == 2)
    return parts[0] * 1000 + parts[1] / 1000
  }

  /// Epoch, n, floor, the room's newest, more, time, and what was found.
  private func load(
    room: String = "chat", after: Int = 0, known: (String, Int) = ("", 0), lost: String = ""
  ) throws -> [String] {
    let answer = try askToLoad(room: room, after: after, known: known, lost: lost)
    try #require(!answer.hasPrefix("-"), "\(answer)")
    return answer.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  @Test func `numbers rise by one over all rooms, and each message names the one before it`() throws
  {
    let first = try publish(room: "a")
    #expect(first.number == 1 && first.epoch.count == 13 && first.epoch.hasSuffix("seed"))
    for number in 2...4 {
      let id = try publish(room: number == 3 ? "b" : "a")
      #expect(id == (first.epoch, number))
    }
    let a = try load(room: "a", known: first)
    #expect(Array(a[0..<5]) == [first.epoch, "4", "0", "4", "0"])
    let predecessors = a.enumerated().filter { $1 == "p" }.map { a[$0.offset + 1] }
    #expect(predecessors == ["?0", "1", "2"])
    #expect(try load(room: "a", after: 2, known: first).filter { $0.hasSuffix("-0") } == ["4-0"])
    #expect(try load(room: "nowhere")[3] == "")
  }

  @Test
  func `a history that is gone, or behind what was seen, begins anew, and never with an old id`()
    throws
  {
    var id = try publish()
    var epochs = [id.epoch]
    func expectNew(_ fresh: (epoch: String, number: Int)) {
      #expect(fresh.number <= 1)
      #expect(epochs.allSatisfy { $0 < fresh.epoch }, "\(fresh.epoch) after \(epochs)")
      epochs.append(fresh.epoch)
      id = fresh
    }
    // The counter is behind.
    expectNew(try publish(known: (id.epoch, 2)))
    // Emptied.
    try client.ask("FLUSHALL")
    expectNew(try publish(known: id))
    // An older history than the one that is known.
    let later = "z" + id.epoch.dropFirst()
    expectNew(try publish(known: (later, 0)))
    epochs[epochs.count - 1] = id.epoch
    #expect(id.epoch > later)
    // A part of it was evicted.
    try client.ask("DEL", rooms)
    expectNew(try publish(known: id))
    // Numbers have come too far.
    try client.ask("HSET", history, "n", "9999999999999")
    expectNew(try publish(known: ("", 0)))
    // Forked.
    let page = try load(known: id, lost: id.epoch)
    expectNew((page[0], Int(page[1])!))
    // Who knows less, or an earlier one, changes nothing.
    #expect(try publish(known: (epochs[0], 99)) == (id.epoch, 1))
    #expect(try load(known: (id.epoch, 1), lost: epochs[0])[0] == id.epoch)
  }

  @Test func `another Redis process leaps, so that what it lost is not numbered again`() throws {
    let id = try publish(run: "r1")
    let leap = Int(RedisScripts.leap)
    #expect(try publish(run: "r2") == (id.epoch, 2 + leap))
    #expect(try publish(run: "r2") == (id.epoch, 3 + leap))
    #expect(try publish(run: "r1") == (id.epoch, 4 + 2 * leap))
    #expect(try load(known: id).contains("\(1)-0"))
  }

  @Test func `history is bounded by count and by age`() throws {
    let id = try publish("old")
    for number in 1...5 { _ = try publish("\(number)", count: 3) }
    let kept = try load(known: id).filter { $0.hasSuffix("-0") }
    #expect(kept == ["4-0", "5-0", "6-0"])
    // Time is Redis' own. What follows takes less than this age, and what came before is older.
    let age = RedisScripts.period - 200
    let start = try time()
    // Within a period the stream's life is not set again.
    try #require(try eventually { try time() > start + RedisScripts.period })
    try client.ask("MULTI")
    // What is too old goes when the numbers reach a multiple of so many.
    for _ in 7...RedisScripts.tidyEvery {
      #expect(try answer("young", known: id, age: age) == "QUEUED")
    }
    #expect(try askToLoad(known: id) == "QUEUED")
    #expect(
      try client.ask("EXEC").split(separator: "\n").filter { $0.hasSuffix("-0") }
        == (7...RedisScripts.tidyEvery).map { "\($0)-0" })
    #expect(
      try eventually { try client.ask("EXISTS", stream("chat", in: id.epoch)) == "0" },
      "the stream of a silent room outlives its messages")
    // The room's newest number is remembered all the same.
    #expect(try load(known: id)[3] == "\(RedisScripts.tidyEvery)")
    _ = try publish(count: 0)
    #expect(try load(known: id).allSatisfy { !$0.hasSuffix("-0") })
  }

  @Test func `a stream lives for longer than its newest message`() throws {
    let age = 5000
    let id = try publish(age: age)
    /// How long a stream lives after its newest message.
    func lifeLeft(_ room: String) throws -> Int {
      let stream = stream(room, in: id.epoch)
      let newest = try client.ask("XREVRANGE", stream, "+", "-", "COUNT", "1")
        .split(separator: "\n")
      let end = Int(try client.ask("PEXPIRETIME", stream)) ?? 0
      return end - (newest.count > 2 ? Int(newest[2]) ?? 0 : 0)
    }
    let start = try time()
    var longest = 0
    while try time() < start + 2 * RedisScripts.period + 200 {
      _ = try publish(known: id, age: age)
      _ = try publish(room: "other", known: id, age: age)
      for room in ["chat", "other"] {
        let left = try lifeLeft(room)
        longest = max(longest, left)
        #expect((age...age + RedisScripts.period).contains(left), "\(left)")
      }
    }
    #expect(longest == age + RedisScripts.period)
    // One that was forgotten and comes back gets its life as well.
    try client.ask("ZREM", rooms, "chat")
    _ = try publish(known: id, age: age)
    #expect(try lifeLeft("chat") >= age)
  }

  @Test func `a room's stream has no more than a few messages beyond its bound`() throws {
    let id = try publish(count: 20)
    let every = RedisScripts.tidyEvery
    var longest = 0
    // Two rooms in turn: of one the numbers are odd, and never a multiple.
    for number in 2...200 {
      let room = number % 2 == 1 ? "chat" : "other"
      _ = try publish(room: room, known: id, count: 20)
      let length = Int(try client.ask("XLEN", stream(room, in: id.epoch))) ?? 0
      longest = max(longest, length)
      if number > 60, number % every < 2 { #expect(length == 20, "\(room) at \(number)") }
    }
    #expect((21..<20 + every).contains(longest), "\(longest)")
  }

  @Test func `rooms beyond the bound are forgotten, and raise the floor`() throws {
    let id = try publish(room: "a", rooms: 2)
    _ = try publish(room: "b", rooms: 2)
    _ = try publish(room: "c", rooms: 2)
    #expect(try load(room: "a", known: id)[2...3] == ["1", ""])
    #expect(try load(room: "b", known: id)[3] == "2")
    // The stream is there still, and is not looked at.
    #expect(try client.ask("EXISTS", stream("a", in: id.epoch)) == "1")
    #expect(try load(room: "a", known: id).allSatisfy { !$0.hasSuffix("-0") })
    // Who comes back begins anew, and is not deleted by whoever is late.
    #expect(
      try answer("x", room: "a", known: id, rooms: 2) == "\(id.epoch)-\(id.number + 3)\nb")
    let a = try load(room: "a", known: id)
    #expect(a[2] == "2" && a.contains("?1") && a.filter { $0.hasSuffix("-0") } == ["4-0"])
    for room in ["a", "b"] { _ = try forget(room, in: id.epoch) }
    #expect(try client.ask("EXISTS", stream("a", in: id.epoch)) == "1")
    #expect(try client.ask("EXISTS", stream("b", in: id.epoch)) == "0")
  }

  private func forget(_ room: String, in epoch: String) throws -> String {
    try evaluate(RedisScripts.forget, keys: [rooms, stream(room, in: epoch)], [room])
  }

  @Test func `a lower bound of rooms pushes out several at once, and names them`() throws {
    let id = try publish(room: "r0")
    for number in 1..<12 { _ = try publish(room: "r\(number)", known: id) }
    let first = try answer("x", room: "new", known: id, rooms: 2).split(separator: "\n")
    #expect(first.dropFirst() == (0..<RedisScripts.pushedOutAtOnce).map { "r\($0)" }[...])
    let second = try answer("x", room: "other", known: id, rooms: 2).split(separator: "\n")
    #expect(second.dropFirst() == (8..<12).map { "r\($0)" }[...])
    #expect(try load(room: "r0", known: id)[2] == "12")
    #expect(try client.ask("ZCARD", rooms) == "3")
  }

  @Test func `a history that is not the one that is known is answered, and nothing published`()
    throws
  {
    let listener = try redis.client()
    try listener.ask("SUBSCRIBE", "chat")
    let epoch = try answer("lost", key: "k")
    #expect(epoch.count == 13 && epoch.hasSuffix("seed"))
    #expect(try answer("lost too", known: ("e1", 7)) == epoch)
    #expect(try load(known: (epoch, 0)).prefix(4) == [epoch, "0", "0", ""])
    #expect(try publish("taken", known: (epoch, 0), key: "k").number == 1)
    #expect(try listener.reply() == "message\nchat\nline of taken")
    // A page of another history is empty.
    let page = try load(known: ("e1", 7))
    #expect(page[0] == epoch && page[3] == "" && page.allSatisfy { !$0.hasSuffix("-0") })
  }

  @Test func `a script touches no key but those that it is given`() throws {
    let id = try publish(room: "a")
    _ = try publish(room: "b", known: id)
    _ = try redis.client().ask("SAVE")
    // Each of these users may touch the keys of one call alone.
    func only(_ keys: String...) throws {
      let user = try redis.client()
      let rights = ["reset", "on", "nopass", "+@all", "&*"] + keys.map { "~\($0)" }
      #expect(
        try user.ask((["ACL", "SETUSER", "narrow"] + rights).map { Array($0.utf8) }) == "OK")
      #expect(try client.ask("AUTH", "narrow", "x") == "OK")
    }
    try only(history, rooms, stream("c", in: id.epoch), key("k"))
    let pushing = try answer("x", room: "c", known: id, count: 0, rooms: 1, key: "k")
    #expect(pushing == "\(id.epoch)-3\na\nb")
    try only(rooms, stream("a", in: id.epoch))
    #expect(try forget("a", in: id.epoch) == "")
    try only(history, rooms, stream("c", in: id.epoch))
    #expect(try load(room: "c", known: id)[3] == "3")
    try only(history, rooms, names.nodes)
    #expect(try load(room: "", known: id)[0] == id.epoch)
    try only(history, rooms, stream("c", in: "e1"))
    #expect(try answer("x", room: "c", known: ("e1", 0)) == id.epoch)
    // It would be seen.
    try only(history, stream("c", in: id.epoch))
    #expect(try answer("x", room: "c", known: id).hasPrefix("-NOPERM"))
  }

  @Test func `data of another layout is not touched, and said to be so`() throws {
    let id = try publish()
    #expect(try client.ask("HGET", history, "layout") == "\(RedisNames.layout)")
    try client.ask("HSET", history, "layout", "99")
    let before = try client.ask("HGETALL", history)
    for answer in try [answer("x", known: ("e1", 0)), askToLoad(room: "", known: id)] {
      #expect(answer.hasPrefix("-LAYOUT the data in Redis has layout 99, "), "\(answer)")
    }
    #expect(try client.ask("HGETALL", history) == before)
    // What says nothing of its layout is nothing that we know.
    try client.ask("HDEL", history, "layout")
    let fresh = try load(known: id)[0]
    #expect(fresh > id.epoch)
    #expect(try client.ask("HGET", history, "layout") == "\(RedisNames.layout)")
  }

  @Test func `nodes of 0_1_0 are counted while their leases last`() throws {
    let now = try time()
    try client.ask(
      "ZADD", names.earlierNodes, "\(now - 1)", "gone", "\(now + 9000)", "n1", "\(now + 9000)", "n2"
    )
    func count() throws -> String {
      try evaluate(RedisScripts.countEarlierNodes, keys: [names.earlierNodes], [])
    }
    #expect(try count() == "2")
    try client.ask("DEL", "belfry/3/nodes")
    #expect(try count() == "0")
  }

  @Test func `a key answers as the first time`() throws {
    let id = try publish("once", key: "k")
    #expect(try publish("twice", key: "k") == id)
    #expect(try publish("other", key: "l").number == id.number + 1)
    #expect((290...300).contains(try Int(client.ask("TTL", key("k"))) ?? 0))
  }

  @Test func `a page ends by count and by bytes, and only the last one says so on the channel`()
    throws
  {
    let listener = try redis.client()
    try listener.ask("SUBSCRIBE", names.nodeChannel)
    let id = try publish()
    for _ in 1..<RedisScripts.pageCount + 5 { _ = try publish() }
    let first = try load(known: id)
    #expect(first[4] == "1")
    #expect(first.count { $0.hasSuffix("-0") } == RedisScripts.pageCount)
    let second = try load(after: RedisScripts.pageCount, known: id)
    #expect(second[4] == "0" && second.count { $0.hasSuffix("-0") } == 5)
    #expect(try listener.reply() == "message\nbelfry/v2/3/node/n1\n7 \(id.epoch) 105")
    for _ in 0..<5 { _ = try publish(String(repeating: "x", count: 100_000), room: "big") }
    let big = try load(room: "big", known: id)
    #expect(big[4] == "1" && big.count { $0.hasSuffix("-0") } == 3)
    _ = try load(room: "", known: id)
    #expect(try listener.reply().hasSuffix("7 \(id.epoch) 110"))
  }

  @Test func `a full Redis does nothing by halves`() throws {
    let id = try publish()
    let listener = try redis.client()
    try listener.ask("SUBSCRIBE", "chat")
    try client.ask("CONFIG", "SET", "maxmemory", "1")
    let refused = try answer("refused", known: id, key: "k")
    #expect(refused.hasPrefix("-OOM"))
    try client.ask("CONFIG", "SET", "maxmemory", "0")
    #expect(try load(known: id)[1] == "1")
    #expect(try publish("taken", key: "k").number == 2)
    #expect(try listener.reply() == "message\nchat\nline of taken")
  }
}
