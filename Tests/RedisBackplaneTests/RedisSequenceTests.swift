import EventStream
import Events
import Hub
import TestSupport
import Testing

@testable import RedisBackplane

@Suite struct RedisSequenceTests {
  private func message(_ number: UInt64, after: UInt64) -> RedisMessage {
    RedisMessage(number: number, predecessor: .number(after), event: .said("\(number)"))
  }

  /// A message of a room that Redis didn't know any more.
  private func message(_ number: UInt64, unknownThrough: UInt64) -> RedisMessage {
    RedisMessage(
      number: number, predecessor: .unknown(through: unknownThrough), event: .said("\(number)"))
  }

  private func end(_ newest: UInt64, room: UInt64?, floor: UInt64 = 0) -> RedisPage {
    RedisPage(epoch: Epoch("e1")!, newest: newest, floor: floor, roomNewest: room)
  }

  private func items(_ sequence: RedisSequence) -> [RedisSequence.Item] {
    var sequence = sequence
    var items: [RedisSequence.Item] = []
    while let item = sequence.popFirst() { items.append(item) }
    #expect(sequence.isEmpty && sequence.nextNumber == nil)
    return items
  }

  @Test func `what was loaded and what came live are one row, each once`() {
    let row = [message(3, after: 1), message(5, after: 3), message(7, after: 5)]
    #expect(
      items(
        RedisSequence(
          after: 1, seen: 2, loaded: [row[0], row[1]], end: end(6, room: 5),
          live: [row[1], row[2], row[1]])) == row.map { .message($0) })
  }

  @Test func `a room that was pushed out meanwhile may have lost messages, and that is told`() {
    let returned = message(9, unknownThrough: 8)
    let lost = RedisSequence.Item.loss(after: 5, through: 8, .unknown)
    // It came back, and was loaded.
    #expect(
      items(RedisSequence(after: 5, seen: 6, loaded: [returned], end: end(9, room: 9)))
        == [lost, .message(returned)])
    // It was gone when it was loaded, and came back live.
    #expect(
      items(
        RedisSequence(after: 5, seen: 6, end: end(8, room: nil, floor: 8), live: [returned]))
        == [lost, .message(returned)])
    // It did not come back.
    #expect(items(RedisSequence(after: 5, seen: 6, end: end(8, room: nil, floor: 8))) == [lost])
    // Between two pages.
    let first = message(6, after: 5)
    #expect(
      items(RedisSequence(after: 5, seen: 5, loaded: [first, returned], end: end(9, room: 9)))
        == [.message(first), .loss(after: 6, through: 8, .unknown), .message(returned)])
  }

  @Test func `a room that was pushed out while all was heard has lost nothing`() {
    let returned = message(9, unknownThrough: 8)
    let live = [RedisSequence.Item.message(returned)]
    // Live, before the load and after it.
    #expect(items(RedisSequence(after: 5, live: [returned])) == live)
    #expect(
      items(RedisSequence(after: 5, seen: 8, loaded: [returned], end: end(9, room: 9))) == live)
    #expect(
      items(RedisSequence(after: 5, seen: 5, end: end(6, room: 5), live: [returned])) == live)
    #expect(items(RedisSequence(after: 5, seen: 8, end: end(8, room: nil, floor: 8))) == [])
  }

  @Test func `what was trimmed is lost, exactly as much as it is`() {
    let late = message(9, after: 7)
    #expect(
      items(RedisSequence(after: 1, loaded: [late], end: end(9, room: 9)))
        == [.loss(after: 1, through: 7, .expired), .message(late)])
    #expect(
      items(RedisSequence(after: 2, end: end(9, room: 8)))
        == [.loss(after: 2, through: 8, .expired)])
  }

  @Test func `numbers that can't be make neither a loop nor a loss without end`() {
    let forged = [
      message(6, after: 9), message(8, after: 2), message(7, after: 1),
      message(9, unknownThrough: 99),
    ]
    #expect(
      items(RedisSequence(after: 4, live: forged)) == [
        .loss(after: 4, through: 5, .expired), .message(forged[0]),
        .loss(after: 6, through: 7, .unknown), .message(forged[1]), .message(forged[3]),
      ])
  }

  // MARK: Where a room begins

  private func history(
    loaded: [RedisMessage], live: [RedisMessage] = [], newest: UInt64?, floor: UInt64 = 0
  ) -> RoomHistory {
    var sequence = RedisSequence(
      loaded: loaded, end: end(loaded.last?.number ?? newest ?? floor, room: newest, floor: floor),
      live: live)
    let history = RoomHistory(&sequence)
    #expect(sequence.isEmpty)
    return history
  }

  @Test func `a room begins with what was loaded, and what came live behind it`() {
    let history = history(
      loaded: [message(3, after: 2), message(5, after: 3)],
      live: [message(5, after: 3), message(7, after: 5)], newest: 5)
    #expect(history.messages.map(\.number) == [3, 5, 7])
    #expect(history.droppedThrough == 2 && history.unknownThrough == 0)
  }

  @Test func `a room's history is contiguous, whatever was trimmed while it was fetched`() {
    let trimmed = history(loaded: [message(3, after: 2), message(9, after: 8)], newest: 9)
    #expect(trimmed.messages.map(\.number) == [9] && trimmed.droppedThrough == 8)
    let expired = history(loaded: [], newest: 9, floor: 4)
    #expect(expired.messages.isEmpty && expired.droppedThrough == 9)
    let unknown = history(loaded: [], newest: nil, floor: 4)
    #expect(unknown.droppedThrough == 0 && unknown.unknownThrough == 4)
    let pushedOut = history(loaded: [message(9, unknownThrough: 6)], newest: 9, floor: 8)
    #expect(pushedOut.droppedThrough == 0 && pushedOut.unknownThrough == 6)
    // Between two pages: what the first one had is out of history, and known to be.
    let between = history(
      loaded: [message(3, after: 0), message(9, unknownThrough: 6)], newest: 9, floor: 8)
    #expect(between.messages.map(\.number) == [9])
    #expect(between.droppedThrough == 3 && between.unknownThrough == 6)
  }
}
