import EventStream
import TestSupport
import Testing

@testable import Hub

@Suite struct FeedTests {
  private func frame(_ number: UInt64) -> Frame {
    Frame(ServerSentEvent(data: ""), number: number, position: number, time: .now)
  }

  @Test(arguments: 1...50 as ClosedRange<UInt64>)
  func `members come and go in a walk, and all who lack something are met`(seed: UInt64) {
    var chance = SplitMix64(seed: seed)
    let feed = Feed(index: 0, isExact: true, head: 0)
    var places: [UInt32: Int] = [:]
    var lacking: Set<UInt32> = []
    var number: UInt64 = 0
    var walks = 0
    for step in 0..<2000 {
      switch Int.random(in: 0..<10, using: &chance) {
      case 0:
        number += 1
        feed.append(frame(number))
        lacking = Set(places.keys)
      case 1, 2:
        guard places.count < 12 else { break }
        places[UInt32(step)] = feed.add(UInt32(step))
      case 3:
        guard let slot = places.keys.sorted().randomElement(using: &chance) else { break }
        feed.remove(at: places[slot]!) { places[$0] = $1 }
        places[slot] = nil
        lacking.remove(slot)
      default:
        guard let slot = feed.nextMember() else { break }
        lacking.remove(slot)
        _ = feed.settle()
      }
      #expect(feed.members.count == places.count)
      #expect(places.allSatisfy { feed.members[$1] == $0 })
      guard feed.pending == 0 else { continue }
      #expect(lacking.isEmpty)
      walks += 1
    }
    #expect(walks > 10)
  }
}
