import EventStream
import Events
import Hub
import TestSupport
import Testing

@Suite struct HistoryOrderTests {
  private static let start = HistoryRecord.start(epoch: Epoch("e1")!, newest: 9, lostThrough: 2)
  private static let room = HistoryRecord.topic(
    .room(RoomName("a")!), droppedThrough: 3, unknownThrough: 0)

  private static func message(_ number: UInt64) -> HistoryRecord {
    .message(RoomHistory.Message(number: number, event: .said(""), age: .zero))
  }

  private func isAccepted(_ records: [HistoryRecord]) -> Bool {
    var order = HistoryOrder()
    return records.allSatisfy { order.accepts($0) }
  }

  @Test func `a history as a hub reads it out is in order`() throws {
    let fixture = Fixture { $0.historyAge = .seconds(10) }
    for room in ["a", "b"] { fixture.publish("old", in: room) }
    fixture.pass(.seconds(12))
    for room in ["b", "c", "b"] { fixture.publish("new", in: room) }
    var snapshot = fixture.hub.snapshot(now: fixture.now)
    var records: [HistoryRecord] = []
    while let record = snapshot.next() { records.append(record) }
    #expect(records.count == 1 + 1 + 2 + 3)
    #expect(isAccepted(records))
    #expect(!isAccepted(Array(records.dropFirst())))
    #expect(!isAccepted(records + records))
  }

  @Test func `numbers rise within a room, and none is above the newest`() {
    let other = HistoryRecord.topic(.room(RoomName("b")!), droppedThrough: 0, unknownThrough: 0)
    #expect(isAccepted([Self.start, Self.room, Self.message(4), Self.message(9), other]))
    #expect(isAccepted([Self.start, Self.room, Self.message(9), other, Self.message(4)]))
    #expect(!isAccepted([Self.start, Self.room, Self.message(4), Self.message(4)]))
    #expect(!isAccepted([Self.start, Self.room, Self.message(10)]))
    #expect(!isAccepted([Self.start, Self.message(1)]))
    #expect(!isAccepted([Self.start, Self.room, Self.room]))
    #expect(!isAccepted([Self.start, .forgotten(.room(RoomName("a")!), through: 10)]))
    #expect(
      !isAccepted([.start(epoch: Epoch("e1")!, newest: 1 << 44, lostThrough: 0)]))
  }
}
