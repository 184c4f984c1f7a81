import Testing

@testable import Hub

@Suite struct NumberingTests {
  @Test func `positions rise with numbers, and a cursor stands before the next of them`() {
    var numbering = Numbering(newest: 5)
    #expect(numbering.newestPosition == numbering.position(of: 5))
    numbering.advance(to: 9)
    numbering.advance(to: 7)
    #expect(numbering.newest == 9)
    for number: UInt64 in 0..<9 {
      #expect(numbering.position(of: number) < numbering.position(of: number + 1))
      #expect(numbering.cursor(after: number) == numbering.position(of: number + 1) - 1)
    }
    #expect(numbering.cursor(after: 9) == numbering.newestPosition)
    #expect(numbering.cursor(after: 99) == numbering.newestPosition)
  }

  @Test func `lines without a number stand after the newest, however many there are`() {
    var numbering = Numbering(newest: 3)
    let before = numbering.position(of: 3)
    let later = numbering.position(of: 4)
    var last = before
    // More than there are places between two numbers, twice.
    for _ in 0..<(1 << 21) + 5 {
      let position = numbering.takeStray()
      #expect(position > last)
      last = position
    }
    #expect(numbering.position(of: 3) == before)
    #expect(numbering.position(of: 4) > last && later < last)
    // Who has 3 is sent what comes after it; the lines between are no part of a replay.
    numbering.advance(to: 4)
    #expect(numbering.newestPosition > last)
    #expect(numbering.cursor(after: 3) >= last)
    #expect(numbering.cursor(after: 2) == before - 1)
    numbering.advance(to: 5)
    #expect(numbering.position(of: 5) - numbering.position(of: 4) == later - before)
  }

  @Test func `a new history stands after everything of the old`() {
    var numbering = Numbering(newest: 1000)
    let stray = numbering.takeStray()
    numbering.restart()
    #expect(numbering.newest == 0)
    #expect(numbering.newestPosition > stray)
    #expect(numbering.position(of: 1) > numbering.newestPosition)
    #expect(numbering.cursor(after: 0) == numbering.newestPosition)
    let gap = numbering.takeStray()
    #expect(numbering.position(of: 1) > gap)
  }

  @Test func `there is a place for any number that comes about, and none for a forged one`() {
    var numbering = Numbering(newest: 0)
    #expect(numbering.hasPlace(for: 1 << 43))
    #expect(!numbering.hasPlace(for: 1 << 44))
    #expect(!numbering.hasPlace(for: .max))
    numbering.advance(to: 1 << 43)
    numbering.restart()
    #expect(numbering.hasPlace(for: 1 << 42))
    #expect(!numbering.hasPlace(for: 1 << 43))
  }

  @Test func `histories begin until their places are used up, and positions never fall`() {
    var numbering = Numbering(newest: 0)
    var histories = 0
    var last = numbering.newestPosition
    while numbering.hasPlaceForHistory {
      numbering.restart()
      #expect(numbering.newestPosition > last)
      last = numbering.newestPosition
      guard numbering.hasPlace(for: 1 << 40) else { break }
      numbering.advance(to: 1 << 40)
      #expect(numbering.newestPosition > last)
      last = numbering.newestPosition
      histories += 1
    }
    #expect(histories == 15)
    // One by one to the very end: lines without a number still have their places there.
    numbering.advance(to: (1 << 40) - (1 << 20) - 20)
    while numbering.hasPlaceForHistory { numbering.restart() }
    #expect(!numbering.hasPlace(for: 1))
    var rises = true
    for _ in 0..<(1 << 21) {
      let next = numbering.takeStray()
      rises = rises && next > last
      last = next
    }
    #expect(rises)
  }
}
