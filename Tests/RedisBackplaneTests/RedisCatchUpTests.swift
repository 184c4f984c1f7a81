import EventStream
import Events
import Hub
import TestSupport
import Testing

@testable import RedisBackplane

@Suite struct RedisCatchUpTests {
  private let a = RoomName("a")!
  private let b = RoomName("b")!

  private func message(_ number: UInt64, after: UInt64) -> RedisMessage {
    RedisMessage(number: number, predecessor: .number(after), event: .said("\(number)"))
  }

  private func end(_ newest: UInt64, room: UInt64) -> RedisPage {
    RedisPage(epoch: Epoch("e1")!, newest: newest, roomNewest: room)
  }

  private func steps(
    _ rooms: [RoomName: RedisSequence], strays: [HeldLine] = [], beyond floor: UInt64
  ) -> [RedisCatchUp.Step] {
    var catchUp = RedisCatchUp(rooms, strays: strays, beyond: floor)
    var steps: [RedisCatchUp.Step] = []
    while let step = catchUp.popFirst() { steps.append(step) }
    return steps
  }

  @Test func `what was loaded and what came live are merged by number, each once`() {
    #expect(
      steps(
        [
          a: RedisSequence(
            after: 1, loaded: [message(3, after: 1), message(5, after: 3)], end: end(5, room: 5),
            live: [message(5, after: 3)]),
          b: RedisSequence(
            after: 2, loaded: [message(4, after: 2)], end: end(5, room: 4),
            live: [message(4, after: 2), message(6, after: 4)]),
        ], beyond: 2) == [
          .message(a, message(3, after: 1)), .message(b, message(4, after: 2)),
          .message(a, message(5, after: 3)), .message(b, message(6, after: 4)),
        ])
  }

  @Test func `a stranger's line stands after the messages before it`() {
    #expect(
      steps(
        [
          a: RedisSequence(
            after: 1, loaded: (2...5).map { message($0, after: $0 - 1) }, end: end(5, room: 5),
            live: [message(4, after: 3)])
        ],
        strays: [HeldLine(room: a, line: [1], before: 4), HeldLine(room: a, line: [2])],
        beyond: 1) == [
          .message(a, message(2, after: 1)), .message(a, message(3, after: 2)), .stray(a, [1]),
          .message(a, message(4, after: 3)), .message(a, message(5, after: 4)), .stray(a, [2]),
        ])
  }

  @Test func `a loss is told in its place, and one that nothing follows at the end`() {
    #expect(
      steps(
        [
          a: RedisSequence(after: 1, loaded: [message(9, after: 7)], end: end(9, room: 9)),
          b: RedisSequence(after: 2, end: end(9, room: 8)),
        ], strays: [HeldLine(room: b, line: [1])], beyond: 2) == [
          .gap(a, after: 1, lostThrough: 7, oldest: 9, .expired),
          .message(a, message(9, after: 7)),
          .gap(b, after: 2, lostThrough: 8, oldest: nil, .expired), .stray(b, [1]),
        ])
  }

  @Test func `what is too late to be sent in order is told, not sent`() {
    let late = [message(3, after: 1), message(6, after: 3)]
    #expect(
      steps([a: RedisSequence(after: 1, loaded: late, end: end(6, room: 6))], beyond: 5) == [
        .gap(a, after: 1, lostThrough: 3, oldest: 6, .unknown), .message(a, message(6, after: 3)),
      ])
  }

  @Test func `numbers that somebody made up come in order all the same`() {
    // Higher ones first, and the same in two rooms.
    #expect(
      steps(
        [
          a: RedisSequence(live: [message(50, after: 0), message(20, after: 0)]),
          b: RedisSequence(live: [message(10, after: 0), message(50, after: 10)]),
        ], beyond: 5) == [
          .message(b, message(10, after: 0)), .message(a, message(50, after: 0)),
          .gap(b, after: 10, lostThrough: 50, oldest: nil, .unknown),
        ])
  }
}
