import EventStream
import Events
import Testing

@testable import Hub

@Suite struct ListenerTests {
  @Test func `a record takes 40 bytes`() {
    #expect(MemoryLayout<Listener>.stride == 40)
  }

  @Test func `a listener can stand beyond 4 GiB of a frame`() {
    var listener = Listener()
    let copy = listener.advance(to: 7, offset: 5 << 30, tick: 3)
    #expect(listener.offset == 5 << 30 && copy.offset == 5 << 30)
    #expect(listener.cursor == 7 && listener.lastWrite == 3)
  }

  @Test func `a text grows at most sevenfold, and by its id and its chunk's size`() {
    let id = EventID(epoch: Epoch("e1")!, number: .max)
    for text in ["", "\n", "\r", "\r\n", "x", String(repeating: "\n", count: 100_000)] {
      let frame = Frame(
        ServerSentEvent(id: id, data: text), number: 1, position: 1, time: .now)
      #expect(frame.bytes.count <= 7 * text.utf8.count + 64)
    }
  }

  @Test func `a message of line ends is cut and delivered whole`() throws {
    let fixture = Fixture()
    let (handle, token) = fixture.subscribe()
    let text = String(repeating: "\n", count: 100_000)
    fixture.sink[handle].room = 699_999
    fixture.publish(text)
    fixture.flush()
    #expect(fixture.sink[handle].isBlocked)
    fixture.sink[handle].room = nil
    fixture.resume(token)
    #expect(try fixture.received(handle).texts == [text])
  }
}
