import LoadTest
import TestSupport
import Testing

@Suite struct MessageTests {
  private func sample(_ number: Int = 5) -> Message {
    Message(run: 1 << 35 | 3, lane: 262_143, number: number, due: 1 << 59 | 7, sent: 123_456_789)
  }

  @Test(arguments: [Message.minimumSize, 52, 100, 4000])
  func `a text of any size is read back`(size: Int) {
    let text = sample().text(size: size)
    #expect(text.count == size)
    let none = TextShape(before: [], after: [])
    #expect(Message.read(text) == .message(sample(), around: none))
  }

  @Test func `it needs no escaping anywhere`() {
    var random = SplitMix64(seed: 1)
    for _ in 0..<200 {
      let message = Message(
        run: Message.randomRun(using: &random), lane: Int.random(in: 0..<1 << 18, using: &random),
        number: Int.random(in: 0..<1 << 30, using: &random),
        due: UInt64.random(in: 0..<1 << 60, using: &random),
        sent: UInt64.random(in: 0..<1 << 60, using: &random))
      let text = message.text(size: 120)
      #expect(
        text.allSatisfy { byte in
          switch byte {
          case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "-"):
            true
          default: false
          }
        })
      guard case .message(message, _) = Message.read(text) else {
        Issue.record("\(message) was not read back")
        return
      }
    }
  }

  @Test func `what stands around it is told, without digits`() {
    let line = Array("[09:30:00] bb.x: ".utf8) + sample().text(size: 60) + Array(" 12!".utf8)
    let shape = TextShape(before: "[1:1:1] bb.x: ".utf8, after: " 7!".utf8)
    #expect(Message.read(line) == .message(sample(), around: shape))
    #expect(shape.before == "[#:#:#] bb.x: " && shape.after == " #!")
  }

  @Test func `every cut and every altered bit is damage`() {
    let text = sample().text(size: 70)
    for count in text.indices { #expect(Message.read(Array(text[..<count])) == .damaged) }
    for index in text.indices {
      for bit in 0..<8 {
        var other = text
        other[index] ^= 1 << UInt8(bit)
        #expect(Message.read(other) == .damaged, "\(index) \(bit)")
      }
    }
  }

  @Test func `a text of nothing but beginnings is damage soon`() {
    let beginnings = Array(String(repeating: "bb.", count: 16).utf8)
    #expect(Message.read(beginnings + sample().text(size: 60)) == .damaged)
    guard case .message = Message.read(Array(beginnings.dropFirst(3)) + sample().text(size: 60))
    else {
      Issue.record("fifteen beginnings hide a message")
      return
    }
  }

  @Test func `other text is no message`() {
    #expect(Message.read([]) == .damaged)
    #expect(
      Message.read(Array("hello, this is a line of a chat that is long enough, bb.".utf8))
        == .damaged)
  }
}
