import EventStream
import Hub
import Testing

@testable import BelfryServer

@Suite struct RedisCatchUpTests {
  private let a = RoomName("a")!
  private let b = RoomName("b")!

  private func message(_ number: UInt64, after: UInt64) -> RedisMessage {
    RedisMessage(number: number, predecessor: .number(after), text: "\(number)")
  }

  @Test func `what was loaded and what came live are merged by number, each once`() {
    let catchUp = RedisCatchUp(
      [
        a: .init(last: 1, loaded: [message(3, after: 1), message(5, after: 3)], newest: 5),
        b: .init(last: 2, loaded: [message(4, after: 2)], newest: 4),
      ],
      held: [
        HeldLine(room: b, content: .message(message(4, after: 2))),
        HeldLine(room: a, content: .message(message(5, after: 3))),
        HeldLine(room: b, content: .message(message(6, after: 4))),
      ], beyond: 2)
    #expect(
      catchUp.steps == [
        .message(a, message(3, after: 1)), .message(b, message(4, after: 2)),
        .message(a, message(5, after: 3)), .message(b, message(6, after: 4)),
      ])
    #expect(catchUp.last == [a: 5, b: 6])
  }

  @Test func `a stranger's line stands after the messages before it`() {
    let catchUp = RedisCatchUp(
      [a: .init(last: 1, loaded: (2...5).map { message($0, after: $0 - 1) }, newest: 5)],
      held: [
        HeldLine(room: a, content: .stray([1])),
        HeldLine(room: a, content: .message(message(4, after: 3))),
        HeldLine(room: a, content: .stray([2])),
        HeldLine(room: b, content: .stray([3])),
      ], beyond: 1)
    #expect(
      catchUp.steps == [
        .message(a, message(2, after: 1)), .message(a, message(3, after: 2)), .stray(a, [1]),
        .message(a, message(4, after: 3)), .message(a, message(5, after: 4)), .stray(a, [2]),
      ])
  }

  @Test func `what history has lost meanwhile is a gap, exactly as long as it is`() {
    let catchUp = RedisCatchUp(
      [
        a: .init(last: 1, loaded: [message(9, after: 7)], newest: 9),
        b: .init(last: 2, loaded: [], newest: 8),
      ], held: [], beyond: 2)
    #expect(
      catchUp.steps == [
        .gap(a, after: 1, lostThrough: 7, oldest: 9, .expired), .message(a, message(9, after: 7)),
        .gap(b, after: 2, lostThrough: 8, oldest: nil, .expired),
      ])
    #expect(catchUp.last == [a: 9, b: 8])
  }

  @Test func `a new history's beginning is not told as a gap once more`() {
    let catchUp = RedisCatchUp(
      [a: .init(last: 0, loaded: [message(9, after: 7)], newest: 9, isFresh: true)], held: [],
      beyond: 0)
    #expect(catchUp.steps == [.message(a, message(9, after: 7))])
  }

  @Test func `what is too late to be sent in order is told, not sent`() {
    let catchUp = RedisCatchUp(
      [a: .init(last: 1, loaded: [message(3, after: 1), message(6, after: 3)], newest: 6)],
      held: [], beyond: 5)
    #expect(
      catchUp.steps == [
        .gap(a, after: 1, lostThrough: 3, oldest: nil, .unknown), .message(a, message(6, after: 3)),
      ])
  }

  @Test func `a room begins with what was loaded, and what came live behind it`() {
    let history = RoomHistory(
      loaded: [message(3, after: 2), message(5, after: 3)],
      live: [message(5, after: 3), message(7, after: 5)], newest: 5, floor: 0)
    #expect(history.messages.map(\.number) == [3, 5, 7])
    #expect(history.droppedThrough == 2 && history.unknownThrough == 0)
  }

  @Test func `a room's history is contiguous, whatever was trimmed while it was fetched`() {
    let history = RoomHistory(
      loaded: [message(3, after: 2), message(9, after: 8)], live: [], newest: 9, floor: 0)
    #expect(history.messages.map(\.number) == [9] && history.droppedThrough == 8)
    let expired = RoomHistory(loaded: [], live: [], newest: 9, floor: 4)
    #expect(expired.messages.isEmpty && expired.droppedThrough == 9)
    let unknown = RoomHistory(loaded: [], live: [], newest: nil, floor: 4)
    #expect(unknown.droppedThrough == 0 && unknown.unknownThrough == 4)
    let evicted = RoomHistory(
      loaded: [RedisMessage(number: 9, predecessor: .unknown(through: 6), text: "")], live: [],
      newest: 9, floor: 8)
    #expect(evicted.droppedThrough == 0 && evicted.unknownThrough == 6)
  }
}
