import EventStream
import Events
import Hub
import TestSupport
import Testing

@testable import RedisBackplane

/// What a node does with what Redis sends, step by step.
@Suite struct RedisRoomsTests {
  private let epoch = Epoch("e1")!
  private let chat = RoomName("chat")!

  /// A node that follows `chat` and has its messages up to 5.
  private func live(_ bounds: RedisRooms.Bounds = .init()) -> RedisRooms {
    var rooms = RedisRooms(bounds: bounds)
    _ = rooms.follow(chat)
    let heartbeat = token(of: rooms.connected())
    _ = rooms.marked(RedisMarker(token: heartbeat, epoch: epoch, newest: 5))
    // The epoch is adopted, and everything asked for anew.
    let second = heartbeat + 1
    _ = rooms.marked(RedisMarker(token: second, epoch: epoch, newest: 5))
    _ = rooms.subscribed(chat)
    let load = token(of: rooms.subscribed(chat))
    _ = rooms.loaded(page([5]), of: chat, token: load)
    _ = rooms.marked(RedisMarker(token: load, epoch: epoch, newest: 5))
    return rooms
  }

  private func page(_ numbers: [UInt64], isLast: Bool = true) -> RedisPage {
    RedisPage(
      epoch: epoch, newest: numbers.last ?? 0, roomNewest: numbers.last, isLast: isLast,
      messages: numbers.map { message($0) })
  }

  private func message(_ number: UInt64, after: UInt64? = nil) -> RedisMessage {
    RedisMessage(
      number: number, predecessor: .number(after ?? number - 1), event: .said("line \(number)"))
  }

  private func envelope(_ number: UInt64, after: UInt64? = nil, epoch: String = "e1")
    -> RedisEnvelope
  {
    let line = "line \(number)"
    return RedisEnvelope(
      Array(
        "2 \(epoch)-\(number) \(after ?? number - 1) \(LineHash(of: line.utf8).rawValue)\n".utf8)
        + Event.said(line).encoded)!
  }

  /// A page of one message of another history.
  private func page(_ numbers: [UInt64], of epoch: String, after predecessor: Predecessor)
    -> RedisPage
  {
    RedisPage(
      epoch: Epoch(epoch)!, newest: numbers.last ?? 0, roomNewest: numbers.last,
      messages: numbers.map {
        RedisMessage(number: $0, predecessor: predecessor, event: .said("\($0)"))
      })
  }

  /// The tokens of what is to be loaded; that of a heartbeat comes first.
  private func tokens(of actions: [RedisRooms.Action]) -> [UInt64] {
    actions.compactMap { if case .load(_, _, let token, _) = $0 { token } else { nil } }
  }

  private func token(of actions: [RedisRooms.Action]) -> UInt64 { tokens(of: actions).first ?? 0 }

  @Test func `a room of one channel is loaded when that is confirmed`() {
    var rooms = RedisRooms(channelsPerRoom: 1)
    let heartbeat = token(of: rooms.connected())
    _ = rooms.marked(RedisMarker(token: heartbeat, epoch: epoch, newest: 5))
    _ = rooms.marked(RedisMarker(token: heartbeat + 1, epoch: epoch, newest: 5))
    #expect(rooms.follow(chat) == [.subscribe([chat])])
    #expect(rooms.subscribed(chat).count == 1)
    // One that is let go before has one confirmation to come.
    let other = RoomName("other")!
    _ = rooms.follow(other)
    _ = rooms.unfollow(other)
    #expect(rooms.awaits(other))
    #expect(rooms.subscribed(other) == [] && !rooms.awaits(other))
  }

  @Test func `an envelope is handed on, and its twin is not`() {
    var rooms = live()
    #expect(rooms.isReady(chat))
    #expect(rooms.received(envelope(6), in: chat) == [.hand(.message(chat, message(6)))])
    #expect(rooms.received(line: Array("line 6".utf8), in: chat) == [])
    // The same once more is what a stranger says.
    let stray = Array("line 6".utf8)
    #expect(rooms.received(line: stray, in: chat) == [.hand(.stray(chat, stray))])
    #expect(rooms.newest == 6)
  }

  @Test func `a line that is not the twin that was announced is a stranger's`() {
    var rooms = live()
    _ = rooms.received(envelope(6), in: chat)
    let stray = Array("something else".utf8)
    #expect(rooms.received(line: stray, in: chat) == [.hand(.stray(chat, stray))])
    let twin = Array("line 6".utf8)
    #expect(rooms.received(line: twin, in: chat) == [.hand(.stray(chat, twin))])
  }

  @Test func `what arrives twice is dropped, and what is missing is fetched`() {
    var rooms = live()
    _ = rooms.received(envelope(6), in: chat)
    #expect(rooms.received(envelope(6), in: chat) == [])
    #expect(rooms.received(envelope(4), in: chat) == [])
    let actions = rooms.received(envelope(9), in: chat)
    #expect(
      actions.contains {
        if case .load(chat, after: 6, token: _, lost: nil) = $0 { true } else { false }
      })
    #expect(!rooms.isLive)
  }

  @Test func `a broken link hands on nothing until everything is loaded, and then in order`() {
    var rooms = live()
    rooms.disconnected()
    #expect(!rooms.isReady(chat))
    #expect(rooms.received(envelope(6), in: chat) == [])
    let actions = rooms.connected()
    #expect(actions.first == .subscribe([chat]))
    let heartbeat = token(of: actions)
    _ = rooms.subscribed(chat)
    let load = token(of: rooms.subscribed(chat))
    #expect(rooms.received(envelope(8), in: chat) == [])
    #expect(rooms.received(line: Array("line 8".utf8), in: chat) == [])
    #expect(rooms.received(line: Array("stranger".utf8), in: chat) == [])
    #expect(
      rooms.loaded(page([6], isLast: false), of: chat, token: load)
        == [.load(chat, after: 6, token: load, lost: nil)])
    #expect(rooms.loaded(page([7, 8]), of: chat, token: load) == [])
    #expect(rooms.marked(RedisMarker(token: load, epoch: epoch, newest: 8)) == [])
    #expect(
      rooms.marked(RedisMarker(token: heartbeat, epoch: epoch, newest: 8)) == [
        .hand(.message(chat, message(6))), .hand(.message(chat, message(7))),
        .hand(.message(chat, message(8))), .hand(.stray(chat, Array("stranger".utf8))),
        .advance(8), .live,
      ])
    #expect(rooms.received(envelope(9), in: chat) == [.hand(.message(chat, message(9)))])
  }

  @Test func `an answer to what was asked before is no answer`() {
    var rooms = live()
    rooms.disconnected()
    let heartbeat = token(of: rooms.connected())
    let old = RedisMarker(token: heartbeat - 1, epoch: Epoch("e0")!, newest: 99)
    #expect(rooms.marked(old) == [])
    #expect(rooms.loaded(page([6]), of: chat, token: heartbeat - 1) == [])
    #expect(rooms.epoch == epoch)
  }

  @Test func `a Redis that lacks what was seen is told to begin anew`() {
    for page in [
      RedisPage(epoch: epoch, newest: 99, roomNewest: 4),
      RedisPage(epoch: epoch, newest: 99, floor: 4, roomNewest: nil),
      RedisPage(
        epoch: epoch, newest: 99, roomNewest: 99,
        messages: [RedisMessage(number: 99, predecessor: .number(4), event: .said(""))]),
    ] {
      var rooms = live()
      rooms.disconnected()
      _ = rooms.connected()
      _ = rooms.subscribed(chat)
      let load = token(of: rooms.subscribed(chat))
      let actions = rooms.loaded(page, of: chat, token: load)
      #expect(
        actions.contains {
          if case .load(chat, after: 5, token: _, lost: epoch) = $0 { true } else { false }
        }, "\(page)")
    }
  }

  @Test func `a room of a new history that is joined late begins where it is told to begin`() {
    let pages: [(RedisPage, HistoryStart)] = [
      (page([9], of: "e2", after: .number(7)), HistoryStart(droppedThrough: 7, oldest: 9)),
      (
        page([9], of: "e2", after: .unknown(through: 6)),
        HistoryStart(unknownThrough: 6, oldest: 9)
      ),
      (page([9], of: "e2", after: .unknown(through: 0)), HistoryStart(oldest: 9)),
      (
        RedisPage(epoch: Epoch("e2")!, newest: 9, roomNewest: 8), HistoryStart(droppedThrough: 8)
      ),
      (
        RedisPage(epoch: Epoch("e2")!, newest: 9, floor: 5, roomNewest: nil),
        HistoryStart(unknownThrough: 5)
      ),
    ]
    for (page, start) in pages {
      var rooms = live()
      rooms.disconnected()
      let heartbeat = token(of: rooms.connected())
      _ = rooms.subscribed(chat)
      _ = rooms.subscribed(chat)
      let marker = RedisMarker(token: heartbeat, epoch: page.epoch, newest: 9)
      let again = rooms.marked(marker)
      let loads = tokens(of: again)
      #expect(loads.count == 2)
      _ = rooms.loaded(page, of: chat, token: loads[1])
      _ = rooms.marked(RedisMarker(token: loads[1], epoch: page.epoch, newest: 9))
      let actions = rooms.marked(RedisMarker(token: loads[0], epoch: page.epoch, newest: 9))
      #expect(actions.first == .restart(page.epoch, [chat: start]))
      #expect(actions.count == (page.messages.isEmpty ? 3 : 4), "no gap besides: \(actions)")
    }
  }

  @Test func `strangers' lines outlive a catching up that begins anew`() {
    var rooms = live()
    #expect(rooms.received(envelope(9), in: chat).count == 2)
    let stray = Array("stranger".utf8)
    #expect(rooms.received(line: Array("line 9".utf8), in: chat) == [])
    #expect(rooms.received(line: stray, in: chat) == [])
    // Emptied meanwhile.
    let e2 = Epoch("e2")!
    let tokens = tokens(of: rooms.marked(RedisMarker(token: 99, epoch: e2, newest: 0)))
    _ = rooms.loaded(RedisPage(epoch: e2, newest: 0, roomNewest: nil), of: chat, token: tokens[1])
    _ = rooms.marked(RedisMarker(token: tokens[1], epoch: e2, newest: 0))
    #expect(
      rooms.marked(RedisMarker(token: tokens[0], epoch: e2, newest: 0)) == [
        .restart(e2, [chat: HistoryStart()]), .hand(.stray(chat, stray)), .advance(0), .live,
      ])
  }

  @Test func `a long past is handed on a part at a time, and what comes meanwhile behind it`() {
    var rooms = live(RedisRooms.Bounds.make(steps: 2))
    let tokens = tokens(of: rooms.received(envelope(9), in: chat))
    _ = rooms.loaded(page([6, 7, 8, 9]), of: chat, token: tokens[1])
    _ = rooms.marked(RedisMarker(token: tokens[1], epoch: epoch, newest: 9))
    #expect(
      rooms.marked(RedisMarker(token: tokens[0], epoch: epoch, newest: 9)) == [
        .hand(.message(chat, message(6))), .hand(.message(chat, message(7))),
      ])
    #expect(rooms.isHanding && !rooms.isLive && !rooms.isReady(chat) && rooms.newest == 7)
    #expect(rooms.received(envelope(10), in: chat) == [])
    #expect(rooms.received(line: Array("line 10".utf8), in: chat) == [])
    #expect(rooms.received(line: Array("stray".utf8), in: chat) == [])
    #expect(
      rooms.handOn() == [
        .hand(.message(chat, message(8))), .hand(.message(chat, message(9))),
      ])
    #expect(
      rooms.handOn() == [
        .hand(.message(chat, message(10))), .hand(.stray(chat, Array("stray".utf8))),
      ])
    #expect(rooms.handOn() == [.advance(10), .live])
    #expect(rooms.handOn() == [])
    #expect(rooms.received(envelope(11), in: chat) == [.hand(.message(chat, message(11)))])
  }

  @Test func `a past that is cut off in the midst goes on there`() {
    var rooms = live(RedisRooms.Bounds.make(steps: 2))
    let tokens = tokens(of: rooms.received(envelope(9), in: chat))
    _ = rooms.loaded(page([6, 7, 8, 9]), of: chat, token: tokens[1])
    _ = rooms.marked(RedisMarker(token: tokens[1], epoch: epoch, newest: 9))
    _ = rooms.marked(RedisMarker(token: tokens[0], epoch: epoch, newest: 9))
    rooms.disconnected()
    #expect(rooms.handOn() == [])
    _ = rooms.connected()
    _ = rooms.subscribed(chat)
    let actions = rooms.subscribed(chat)
    #expect(actions == [.load(chat, after: 7, token: token(of: actions), lost: nil)])
  }

  @Test func `more than can be held gives the connection up`() {
    var rooms = live(RedisRooms.Bounds.make(heldBytes: 500))
    _ = rooms.received(envelope(9), in: chat)
    var failures: [[RedisRooms.Action]] = []
    for number in 10...20 as ClosedRange<UInt64> {
      let actions = rooms.received(envelope(number), in: chat)
      if !actions.isEmpty { failures.append(actions) }
    }
    #expect(failures.count >= 5)
    for actions in failures {
      guard actions.count == 1, case .fail = actions[0] else {
        Issue.record("\(actions)")
        continue
      }
    }
    rooms.disconnected()
    #expect(rooms.connected().count == 2)
    #expect(rooms.heldBytes == 0)
  }

  @Test func `a history that the hub has no place for is begun again at the next try`() {
    var rooms = live()
    let e2 = Epoch("e2")!
    for _ in 0..<2 {
      let tokens = tokens(of: rooms.marked(RedisMarker(token: 99, epoch: e2, newest: 9)))
      if tokens.count == 2 {
        let page = page([9], of: "e2", after: .number(7))
        _ = rooms.loaded(page, of: chat, token: tokens[1])
        _ = rooms.marked(RedisMarker(token: tokens[1], epoch: e2, newest: 9))
        let actions = rooms.marked(RedisMarker(token: tokens[0], epoch: e2, newest: 9))
        #expect(
          actions.first == .restart(e2, [chat: HistoryStart(droppedThrough: 7, oldest: 9)]))
      }
      rooms.restartRefused()
      rooms.disconnected()
      _ = rooms.connected()
      _ = rooms.subscribed(chat)
      let actions = rooms.subscribed(chat)
      #expect(actions == [.load(chat, after: 0, token: token(of: actions), lost: nil)])
    }
  }

  @Test func `leftovers of an earlier subscription are not taken for strangers' lines`() {
    var rooms = live()
    #expect(rooms.unfollow(chat) == [.unsubscribe(chat)])
    #expect(rooms.follow(chat) == [.subscribe([chat])])
    #expect(rooms.received(line: Array("line 6".utf8), in: chat) == [])
    #expect(rooms.received(envelope(7), in: chat) == [])
    _ = rooms.subscribed(chat)
    #expect(rooms.received(line: Array("line 7".utf8), in: chat) == [])
    // Left and come back before the confirmations: those that come first are of the first time.
    _ = rooms.unfollow(chat)
    _ = rooms.follow(chat)
    #expect(rooms.subscribed(chat) == [])
    _ = rooms.unfollow(chat)
    #expect(rooms.subscribed(chat) == [])
    _ = rooms.follow(chat)
    for _ in 0..<2 { #expect(rooms.subscribed(chat) == []) }
    #expect(token(of: rooms.subscribed(chat)) > 0)
  }
}
