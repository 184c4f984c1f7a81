import EventStream
import Events
import TestSupport
import Testing

@testable import Hub

/// Random operations against the plainest model there is: a list of all messages ever published.
@Suite struct HubModelTests {
  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func `every stream gets every message once and in order, or hears of the gap`(seed: UInt64)
    throws
  {
    let run = HubModelRun(seed: seed)
    for number in 0..<ModelSteps.count(usual: 5000) {
      try run.step()
      run.takeClosed()
      try #require(run.fixture.hub.counters.listeners == run.streams.count)
      guard number % 10 == 0 else { continue }
      try run.checkFloors()
      guard number % 50 == 0 else { continue }
      try run.checkLedger()
      try run.checkLacked()
    }
    run.deliverAll()
    run.takeClosed()
    let fixture = run.fixture
    for (handle, stream) in run.streams.merging(run.ended, uniquingKeysWith: { $1 }) {
      let isOpen = !fixture.sink[handle].isClosed
      let received = try fixture.received(handle, framing: stream.framing)
      let arrivals = try arrivals(received, run.messages)
      check(
        stream, arrivals, received.gaps, run.messages, isOpen,
        restarts: run.epochs - stream.epochsAtStart)
      check(stream, arrivals, isOpen, run.strays)
    }
    #expect(fixture.hub.counters.opened == run.streams.count + run.ended.count)
    #expect(
      CloseReason.allCases.map(fixture.hub.counters.closed).reduce(0, +) == run.ended.count)

    fixture.hub.removeAll(reason: .drain)
    fixture.advance(.seconds(61))
    #expect(fixture.hub.underway == 0)
    let left = fixture.hub.counters
    #expect(left.listeners == 0 && left.rooms == 0)
    #expect(left.historyEntries == 0 && left.historyBytes == 0 && left.retainedBytes == 0)
  }

  /// What came of lines, in its order.
  enum Arrival {
    case message(HubModelRun.Message)
    case stray(Int)
  }

  private func arrivals(_ received: Received, _ messages: HubModelRun.Log) throws -> [Arrival] {
    try received.events.filter { $0.type == "message" }.map { event in
      if let ordinal = event.strayOrdinal { return .stray(ordinal) }
      let id = try #require(EventID(event.lastEventID))
      let message = try #require(messages[id])
      #expect(message.text == event.data)
      return .message(message)
    }
  }

  /// - Parameters:
  ///   - isOpen: the stream lives, so it has everything by now.
  ///   - restarts: how often a new history began while it lived, or afterwards.
  private func check(
    _ stream: HubModelRun.Stream, _ arrivals: [Arrival], _ gaps: [String],
    _ messages: HubModelRun.Log, _ isOpen: Bool,
    restarts: Int
  ) {
    let arrived: [HubModelRun.Message] = arrivals.compactMap {
      if case .message(let message) = $0 { message } else { nil }
    }
    let orders = arrived.map(\.order)
    #expect(zip(orders, orders.dropFirst()).allSatisfy(<))
    #expect(arrived.allSatisfy { stream.rooms.contains($0.room) })
    // Told of each new history once for each room, and before anything of it.
    for room in stream.rooms {
      let told = gaps.count {
        $0.contains("\"room\":\"\(room)\"") && $0.contains("restarted")
      }
      let atStart = stream.after == nil && !stream.isFresh ? 1 : 0
      #expect(isOpen ? told >= restarts : told <= restarts + atStart)
    }
    if stream.isFresh {
      let expected = stream.rooms.flatMap { messages.of($0, beyond: stream.messagesAtStart) }
        .map(\.order).sorted()
      #expect(orders.elementsEqual(expected.prefix(orders.count)))
      #expect(!isOpen || orders.count == expected.count)
      #expect(gaps.allSatisfy { $0.contains("restarted") })
      #expect(!isOpen || gaps.count == restarts * stream.rooms.count)
      return
    }
    guard isOpen else { return }
    for room in stream.rooms {
      let all = messages.of(room, beyond: stream.after ?? stream.pastAtStart).map(\.order)
      let got = arrived.filter { $0.room == room }.map(\.order)
      // What came is contiguous to the newest, and covers what history held.
      #expect(got.elementsEqual(all.suffix(got.count)))
      let held = stream.history.filter { $0.room == room }.map(\.order)
      #expect(Set(held).isSubset(of: got))
      let told = gaps.count { $0.contains("\"room\":\"\(room)\"") }
      let atStart = stream.after == nil || got.count != all.count ? 1 : 0
      #expect(told == atStart + restarts, "\(room) \(gaps) \(got) \(all)")
    }
  }

  /// Lines without an id: each at most once, in its place, and only those that came while the stream
  /// was there; all of them, unless it came to be sent history first.
  private func check(
    _ stream: HubModelRun.Stream, _ arrivals: [Arrival], _ isOpen: Bool,
    _ strays: [HubModelRun.Stray]
  ) {
    var newest = 0
    var got: [Int] = []
    var bound = 0
    for arrival in arrivals {
      switch arrival {
      case .stray(let ordinal):
        let stray = strays[ordinal]
        #expect(stream.rooms.contains(stray.room) && ordinal >= stream.straysAtStart)
        #expect(ordinal > got.last ?? -1, "twice, or swapped")
        #expect(newest <= stray.after, "it came before message \(newest)")
        bound = max(bound, stray.after)
        got.append(ordinal)
      case .message(let message):
        newest = message.order
        #expect(newest > bound, "it came after a stray that was later")
      }
    }
    guard isOpen, stream.isFresh else { return }
    let expected = strays.indices.filter {
      $0 >= stream.straysAtStart && stream.rooms.contains(strays[$0].room)
    }
    #expect(got == expected)
  }
}
